"""What goes over a link comes out of it as what went in."""

from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest
from msgspec import Raw

from meetserver.actors import envelopes
from meetserver.actors.background import Background
from meetserver.actors.mailbox import MailboxFull
from meetserver.actors.room import RoomActor
from meetserver.chat import messages as chat
from meetserver.cluster import parcels
from meetserver.cluster.calls import Calls
from meetserver.cluster.inbox import Desk, Inbox, Rooms
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.parcels import Parcel
from meetserver.cluster.remote_edge import RemoteEdge
from meetserver.cluster.remote_ref import parcel_of
from meetserver.cluster.way import Way
from meetserver.e2ee import messages as e2ee
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.messages import Command
from meetserver.network.rules import IpRule
from meetserver.ports import RoomStatus, ShardStatus
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.rooms.catalog import COMMANDS
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard

ROOM = RoomId("room")
ANN, SESSION = ParticipantId("ann"), SessionId("ann-session")
NOON = datetime(2030, 1, 7, 12, 0, 0, 123456, tzinfo=UTC)
JOIN = rooms.Join(ANN, SESSION, "Ann ☃", "host", keys=("u:ann", "v:1"), passes_lobby=True, roles=("admin",))
REFUSAL = Refusal("busy", "too much to do", temporary=True, retry_after_s=1.5)
HELLO = envelopes.Hello(SESSION, ANN, "Ann", "host", 7, b"\x81\x02ok", "user", "auth", True, (5, 2), "u:ann")
FRAME = envelopes.LiveFrame(5, 8, NOON, ANN, b"\x81\x00", (ANN, ParticipantId("bo")), erases=True)

SAID: list[Command] = [
    JOIN,
    rooms.Leave(ANN, "timeout"),
    rooms.SetRole("ann", "cohost"),
    rooms.LetDraw("ann", on=False),
    rooms.End(),
    rooms.Mute("ann", "screen"),
    rooms.Erase((ANN,)),
    rooms.Expire(7),
    rooms.Admit(None, all=True),
    rooms.Deny("ann"),
    rooms.Remove("ann"),
    rooms.Ban("ann"),
    rooms.Unban("ban"),
    rooms.Lock(False),
    rooms.ChangeSettings(lobby=True, max_participants=5),
    rooms.Configure("Weekly", rooms.Settings(lobby=True), (IpRule("deny", "10.0.0.0/8", ("member",), "x"),)),
    chat.Send(text="hi ☃", to=["bo"], reply_to="3"),
    chat.Typing(on=False),
    chat.Edit("118-k3f9x2ab", "hi"),
    chat.Delete("118-k3f9x2ab"),
    chat.React("118-k3f9x2ab", "☃", on=False),
    chat.Pin("118-k3f9x2ab"),
    chat.Mark(read=5),
    e2ee.Publish("B" + "k" * 86),
    e2ee.Share("k" * 22, {"ann": "w" * 80}),
    whiteboard.Apply([
        whiteboard.Put("1", {"kind": "pen", "points": [0, 1.5, None], "more": {"a": True}}),
        whiteboard.Patch("1", {"kind": None}),
        whiteboard.Delete("1"),
    ]),
    whiteboard.Undo("1"),
    whiteboard.Redo(),
    whiteboard.Clear("1"),
    whiteboard.Save("first"),
    whiteboard.Restore("version", "1"),
    whiteboard.Discard("version"),
    whiteboard.AddPage("2", "Second"),
    whiteboard.ChangePage("2", locked=True),
    whiteboard.MovePage("2", 0),
    whiteboard.RemovePage("2"),
    whiteboard.Preview("1", {"kind": "pen"}),
    whiteboard.PointerMove(0.25, -1e6, "pen"),
    presence.Set(audio=True, hand=False, status="away"),
    signaling.Offer("bo", "call", "v=0\r\n"),
    signaling.Answer("bo", "call", "v=0\r\n"),
    signaling.CandidatesFound("bo", "call", [{"candidate": "", "sdpMLineIndex": 0, "sdpMid": None}], final=True),
    signaling.Renegotiate("bo", "call"),
    signaling.Close("bo", "call", "over"),
]  # fmt: skip

STATUS = parcels.Status(
    ShardStatus(ShardId("b"), "http://b:1", False, 0.5, 1, 2, 0, 1.5, 2.5),
    [RoomStatus(ROOM, ShardId("b"), 5, 8, 2, 0, 0.0)],
)  # fmt: skip
PLAIN: list[Parcel] = [
    parcels.Attach(ROOM, 3, is_sent=True),
    parcels.Detach(ROOM),
    parcels.Attached(ROOM, 3),
    parcels.NotOwner(ROOM, 3, "moved", ShardId("c")),
    parcels.Restarted(ROOM),
    parcels.Ended(ROOM, "quarantined", None),
    parcels.Call(9, parcels.RoomCommand(ROOM, "room.end", b"{}", "host")),
    parcels.Call(9, parcels.RoomCommand(ROOM, "room.end", b"{}", "host", ParticipantId("bo"))),
    parcels.Call(9, parcels.AdmitQuestion(ROOM, JOIN, "10.0.0.1")),
    parcels.Call(9, parcels.StatusQuestion()),
    parcels.Call(9, parcels.Order("move", ROOM, ShardId("c"))),
    parcels.Answer(9, refusal=REFUSAL),
    parcels.Answer(9, is_elsewhere=True),
]


class Wire:
    """A link that keeps what is sent, as it comes out at the other end."""

    peer = ShardId("b")
    session = (1, 2)
    is_up = True

    def __init__(self) -> None:
        self.sent: list[Parcel] = []

    def send(self, parcel: Parcel) -> None:
        self.sent.append(parcels.decode(parcels.encode(parcel)))


class Ear:
    """A room's actor that keeps what it hears, and by which lane."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.is_full = False

    def tell(self, message: Any) -> None:
        if self.is_full:
            raise MailboxFull
        self.heard.append(("data", message))

    def tell_control(self, message: Any) -> None:
        self.heard.append(("control", message))


class EdgeEar:
    """An edge that keeps what it is told, and its way."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.edge = self

    def leads_over(self, link: Link) -> bool:
        return True

    def __getattr__(self, name: str) -> Any:
        return lambda *fields: self.heard.append((name, *fields))


class House:
    """An inbox with one room, which the shard at the other end of `wire` has an edge of."""

    me = ShardId("a")

    def __init__(self) -> None:
        self.ear, self.wire, self.ways = Ear(), Wire(), dict[RoomId, Way]()
        self.ref = LocalRef(ROOM, cast(RoomActor, self.ear))
        self.inbox = Inbox(cast(Rooms, self), self.ways, Calls(), cast(Desk, None), Background())
        self.link = cast(Link, self.wire)
        self.inbox.link_has(self.link, parcels.Attach(ROOM, 1))
        (edge,) = self.ref.watchers
        assert isinstance(edge, RemoteEdge)
        self.edge = edge

    def owned(self, room: RoomId) -> LocalRef | None:
        return self.ref if room == ROOM else None

    def hears(self, message: Any) -> tuple[str, Any]:
        """What of this the room hears."""
        self.inbox.link_has(self.link, parcels.decode(parcels.encode(parcel_of(ROOM, message))))
        (heard,) = self.ear.heard
        return heard


def from_session(command: Command, edge: envelopes.Edge, command_id: int | str = 4) -> envelopes.FromSession:
    return envelopes.FromSession(edge, 2, SESSION, ANN, command_id, 11, command, "txn")


def test_here_is_every_command_that_an_owner_may_be_asked() -> None:
    assert {command.type for command in SAID} == COMMANDS.keys()


@pytest.mark.parametrize("command", SAID, ids=lambda command: str(command.type))
def test_a_command_comes_to_the_room_as_it_was_said(command: Command) -> None:
    house = House()
    message = from_session(command, house.edge)
    assert house.hears(message) == ("data", message)


@pytest.mark.parametrize("lane", ["control", "data"])
def test_who_comes_and_goes_comes_to_the_room_as_the_edge_said(lane: str) -> None:
    edge = House().edge
    of_lane: dict[str, list[Any]] = {
        "data": [
            envelopes.OpenByTicket(edge, 2, "x", JOIN, "token", "jti", "10.0.0.1", "auth"),
            envelopes.OpenByTicket(edge, 2, 0, JOIN, "token", "jti"),
            envelopes.Detached(edge, 2, SESSION, bye=True),
            from_session(rooms.End(), edge, "a string"),
        ],
        "control": [
            envelopes.OpenByResume(edge, 2, 0, SESSION, "token", 2**53, 7, "10.0.0.1"),
            envelopes.Detached(edge, 2, SESSION),
            envelopes.Reattach(edge, {}),
            envelopes.Reattach(
                edge,
                {2: (SESSION, (5, 1)), 3: (SessionId("bo"), (4, 9))},
                frozenset({3}),
                {2: presence.Set(audio=True)},
            ),
        ],
    }
    for message in of_lane[lane]:
        house = House()
        heard_in, heard = house.hears(message)
        assert heard_in == lane
        assert heard == msgspec.structs.replace(message, edge=house.edge)


@pytest.mark.parametrize("parcel", PLAIN, ids=lambda parcel: type(parcel).__name__)
def test_a_parcel_survives(parcel: Parcel) -> None:
    assert parcels.decode(parcels.encode(parcel)) == parcel


def test_an_answer_holds_anything() -> None:
    answer = parcels.decode(parcels.encode(parcels.Answer(9, Raw(parcels.encode(STATUS)))))
    assert isinstance(answer, parcels.Answer)
    assert msgspec.msgpack.decode(answer.data, type=parcels.Status) == STATUS


def test_an_answer_of_nothing_is_null() -> None:
    answer = parcels.decode(parcels.encode(parcels.Answer(9)))
    assert isinstance(answer, parcels.Answer)
    assert msgspec.msgpack.decode(answer.data) is None


@pytest.mark.parametrize(
    "told",
    [
        ("opened", 2, HELLO),
        ("admitted", 2, HELLO),
        ("refused", 2, REFUSAL),
        ("replied", 2, "x", 11, b"\x81\x00"),
        ("replied", 2, 4, 11, b"\x81\x00"),
        ("durable", [FRAME, msgspec.structs.replace(FRAME, to=None, erases=False)]),
        ("ephemeral", 5, b"\x81\x00", ANN, "presence"),
        ("ephemeral", 5, b"\x81\x00", ANN, None),
        ("direct", 2, b"\x81\x00"),
        ("closed", 2, REFUSAL),
        ("owner_restarted",),
        ("owner_ended", "moved", ShardId("c")),
        ("attached", 5, 8, []),
    ],
    ids=lambda told: str(told[0]),
)
def test_what_the_room_tells_an_edge_comes_there_as_it_was_told(told: tuple[Any, ...]) -> None:
    house, ear = House(), EdgeEar()
    house.wire.sent.clear()
    getattr(house.edge, told[0])(*told[1:])
    (parcel,) = house.wire.sent
    house.ways[ROOM] = cast(Way, ear)
    house.inbox.link_has(house.link, parcel)
    assert ear.heard == [told]


def test_an_edge_elsewhere_gets_no_tail() -> None:
    house = House()
    house.edge.attached(5, 8, [FRAME])
    assert house.wire.sent[-1] == parcels.Level(ROOM, 5, 8)


def test_what_no_owner_elsewhere_handles_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        parcel_of(ROOM, envelopes.Stop())


# --- a room with too much to do, or that does not understand


def test_a_full_room_refuses_a_command_and_a_newcomer_and_hears_a_bye_all_the_same() -> None:
    house = House()
    house.ear.is_full = True
    bye = envelopes.Detached(house.edge, 2, SESSION, bye=True)
    assert house.hears(bye) == ("control", bye)
    house.inbox.link_has(house.link, parcel_of(ROOM, from_session(rooms.End(), house.edge)))
    join = envelopes.OpenByTicket(house.edge, 2, 0, JOIN, "token", "jti")
    house.inbox.link_has(house.link, parcel_of(ROOM, join))
    replied, refused = house.wire.sent[-2:]
    assert isinstance(replied, parcels.Replied)
    assert isinstance(refused, parcels.Refused)
    assert (replied.command_id, replied.number, refused.refusal.code) == (4, 11, "busy")
    assert b'"busy"' in replied.reply
    assert len(house.ear.heard) == 1


@pytest.mark.parametrize(("type_", "data"), [("of.next_year", b"{}"), ("room.lock", b'{"locked":"maybe"}')])
def test_a_command_of_another_release_is_answered(type_: str, data: bytes) -> None:
    house = House()
    house.inbox.link_has(house.link, parcels.Said(ROOM, 2, SESSION, ANN, 4, 11, type_, data, None))
    replied = house.wire.sent[-1]
    assert isinstance(replied, parcels.Replied)
    assert b'"not_supported"' in replied.reply
    assert house.ear.heard == []
