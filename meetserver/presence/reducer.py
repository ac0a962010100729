"""Presence: hands and screens as facts of the log; microphone, camera, status and away as live ones."""

from msgspec.structs import replace

from meetserver.errors import Refusal
from meetserver.messages import Context, Event, Meta, Tell
from meetserver.presence.messages import Changed, ChangedLive, Pen, Set
from meetserver.presence.state import Live, Signs
from meetserver.wire import timestamp


def decide(signs: Signs, command: Set, ctx: Context) -> list[Event]:
    """The durable part of the wish; nothing when it is so already."""
    hand = None if command.hand == signs.hand else command.hand
    screen = None if command.screen == signs.screen else command.screen
    return [] if hand is None and screen is None else [Changed(ctx.by, hand, screen)]


def evolve(signs: Signs, event: Changed, meta: Meta) -> Signs:
    if event.screen is not None:
        signs = replace(signs, screen=event.screen)
    if event.hand is None or event.hand == signs.hand:
        return signs
    if not event.hand:
        return replace(signs, hand=False, hand_at=None, hand_seq=None)
    return replace(signs, hand=True, hand_at=timestamp(meta.at), hand_seq=meta.seq)


def react(live: Live, command: Set, ctx: Context) -> tuple[Live, list[Tell]] | Refusal:
    """The live part of the wish; tells only what changed."""
    if command.status is not None and command.status and not command.status.isprintable():
        return Refusal("bad_message", "a status is made of printable characters")
    if command.board is not None and not all(map(str.isprintable, _strings(command.board))):
        return Refusal("bad_message", "tool, color and page are made of printable characters")
    audio = None if command.audio == live.audio else command.audio
    video = None if command.video == live.video else command.video
    status = None if command.status == live.status else command.status
    board = None if command.board == live.board else command.board
    if audio is None and video is None and status is None and board is None:
        return live, []
    after = Live(
        live.audio if audio is None else audio,
        live.video if video is None else video,
        live.status if status is None else status,
        live.away,
        live.board if board is None else board,
    )
    return after, [Tell(ChangedLive(ctx.by, audio, video, status, board=board))]


def _strings(board: Pen) -> tuple[str, ...]:
    return board.tool, board.color, board.page
