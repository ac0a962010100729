"""Bugs planted in the server itself: three shards meet with one of them, and the checker must say so."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from msgspec.structs import replace

from meetserver.actors.batch import Batch
from meetserver.actors.catch_up import CatchUp
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import LiveFrame
from meetserver.actors.fanout import Output
from meetserver.actors.gaps import Gaps
from meetserver.actors.receipts import Receipts
from meetserver.actors.ring import Ring
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat import changes
from meetserver.chat.messages import Delete, Edited, Message
from meetserver.chat.revision import revised
from meetserver.cluster.committer import Committer
from meetserver.cluster.remote_edge import RemoteEdge
from meetserver.messages import Meta
from meetserver.whiteboard import drawing, steps
from meetserver.whiteboard.messages import Done, Put
from meetserver.whiteboard.state import Element
from tests.simulation.test_shards import play_meeting
from tests.simulation.virtual_time import run_virtual

TRIES = 6
"""Seeds until the bug has shown."""

Patch: TypeAlias = pytest.MonkeyPatch


def no_fence(patch: Patch) -> None:
    """A room that another shard has taken writes on."""
    refused = MemoryRoomLog._refused

    def unfenced(log: MemoryRoomLog, commit: Any) -> Any:
        row = log.rooms[commit.room]
        return refused(log, replace(commit, epoch=row.epoch, after_seq=row.last_seq))

    patch.setattr(MemoryRoomLog, "_refused", unfenced)


def early_ack(patch: Patch) -> None:
    """The answer does not wait for the log, which takes only most of it."""
    submit = Committer.submit

    def hasty(committer: Committer, commit: Any, done: Any) -> None:
        if commit.entries[-1].seq % 50 == 0:
            done(None)
        else:
            submit(committer, commit, done)

    patch.setattr(Committer, "submit", hasty)


def no_dedupe(patch: Patch) -> None:
    """What is sent again is done again."""
    refused = MemoryRoomLog._refused

    def forgetful(log: MemoryRoomLog, commit: Any) -> Any:
        log.rooms[commit.room].receipts.clear()
        return refused(log, commit)

    patch.setattr(MemoryRoomLog, "_refused", forgetful)
    patch.setattr(Receipts, "get", lambda *_: None)


def no_pull(patch: Patch) -> None:
    """What an edge missed it never asks the log for."""
    patch.setattr(Gaps, "pull", _skip)


def _skip(gaps: Any, until_seq: int) -> None:
    gaps._edge._applied = max(gaps._edge._applied, until_seq - 1)


def handover_forgets(patch: Patch) -> None:
    """An edge that a room's next owner takes up goes on from there, whatever was in between."""
    attached = EdgeRoom.attached

    def forgetful(edge: EdgeRoom, epoch: int, seq: int, tail: list[LiveFrame]) -> None:
        if edge.applied is not None and edge._epoch < epoch:
            edge._applied = max(edge.applied, seq)
        attached(edge, epoch, seq, tail)

    patch.setattr(EdgeRoom, "attached", forgetful)


def private_for_all(patch: Patch) -> None:
    patch.setattr(LiveFrame, "is_for", lambda *_: True)
    patch.setattr(EdgeRoom, "_apply", _apply_to_all)


def _apply_to_all(edge: Any, frame: LiveFrame) -> None:
    edge._ring.append(frame)
    edge._applied = frame.seq
    edge._output.durable(frame.frame, frame.seq)


def written_twice(patch: Patch) -> None:
    durable = Output.durable

    def twice(output: Output, frame: bytes, seq: int) -> None:
        durable(output, frame + frame if seq % 40 == 0 else frame, seq)

    patch.setattr(Output, "durable", twice)


def resumes_too_late(patch: Patch) -> None:
    """Who comes back is written from one entry too late."""
    advance = CatchUp.advance

    def late(catch_up: CatchUp, session: Any) -> None:
        if session.is_resuming and session.hello.after_seq == session.cursor and session.cursor % 2:
            session.cursor = min(session.cursor + 1, catch_up._edge.applied or 0)
        advance(catch_up, session)

    patch.setattr(CatchUp, "advance", late)


def frames_lost_on_the_way(patch: Patch) -> None:
    """A foreign edge is told of another entry than the log's."""
    durable = RemoteEdge.durable

    def garbled(edge: RemoteEdge, frames: list[LiveFrame]) -> None:
        durable(edge, [replace(frame, frame=frame.frame.replace(b"says", b"said")) for frame in frames])

    patch.setattr(RemoteEdge, "durable", garbled)


def ring_out_of_order(patch: Patch) -> None:
    """Those who are behind are written the newest first."""
    after = Ring.after
    patch.setattr(Ring, "after", lambda ring, seq, limit: after(ring, seq, limit)[::-1])


def wrong_seq_in_the_ack(patch: Patch) -> None:
    append = Batch.append

    def off_by_one(batch: Batch, *arguments: Any) -> Any:
        receipt = append(batch, *arguments)
        return replace(receipt, seq=receipt.seq + 1)

    patch.setattr(Batch, "append", off_by_one)


def anybody_s_undo(patch: Patch) -> None:
    """What is taken back takes with it what others made of it since."""
    patch.setattr(steps, "fits", lambda *_: True)


def undo_tells_no_place(patch: Patch) -> None:
    """What comes back is not where the room has it."""
    as_ops = drawing.as_ops

    def placeless(id_: str, now: Element | None, then: Element | None) -> list[Done]:
        return [replace(op, z=None) if isinstance(op, Put) else op for op in as_ops(id_, now, then)]

    patch.setattr(drawing, "as_ops", placeless)


def edits_forgotten(patch: Patch) -> None:
    """Who joins late sees what messages said at first."""

    def forgetful(message: Message, change: Any, meta: Meta) -> Message:
        return message if isinstance(change, Edited) else revised(message, change, meta)

    patch.setattr(changes, "revised", forgetful)


def deletions_undone(patch: Patch) -> None:
    """A deletion is acked, and is not in the log."""
    decide = changes.decide

    def lazy(chat: Any, command: Any, *surroundings: Any) -> Any:
        return [] if isinstance(command, Delete) else decide(chat, command, *surroundings)

    patch.setattr(changes, "decide", lazy)


BUGS: list[Callable[[Patch], None]] = [
    no_fence,
    early_ack,
    no_dedupe,
    no_pull,
    handover_forgets,
    private_for_all,
    written_twice,
    resumes_too_late,
    frames_lost_on_the_way,
    ring_out_of_order,
    wrong_seq_in_the_ack,
    anybody_s_undo,
    undo_tells_no_place,
    edits_forgotten,
    deletions_undone,
]


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_checker_catches_it(plant: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert any(_shows(seed) for seed in range(TRIES))


def _shows(seed: int) -> bool:
    """By what the checker says, or by somebody who waits for ever."""
    try:
        return bool(run_virtual(play_meeting(seed))[1])
    except TimeoutError:
        return True
