"""One commit of one room, while it is put together: commands decided one upon the other, nothing told yet."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from meetserver import wire
from meetserver.actors.envelopes import LiveFrame, Receipt
from meetserver.framing import text_frame
from meetserver.ids import SERVER, ParticipantId, RoomId, SessionId, UserId
from meetserver.messages import Event, Meta
from meetserver.ports import Commit, Entry, OpenSession
from meetserver.rooms.messages import Admitted, Denied, Ended, Erased, Left
from meetserver.rooms.reducer import evolve
from meetserver.rooms.state import RoomState, everybody, find, waits


class Batch:
    """`state` is the room as it will be; `answers` are carried out once the commit is known to be done. `caused` are
    the events that people caused, each with that person's account."""

    def __init__(self, room: RoomId, epoch: int, state: RoomState) -> None:
        self._room = room
        self._epoch = epoch
        self._after_seq = state.seq
        self.state = state
        self.works: list[Any] = []
        self.entries: list[Entry] = []
        self.frames: list[LiveFrame] = []
        self.opened: list[OpenSession] = []
        self.keys: dict[SessionId, tuple[str, ...]] = {}
        self.admitted: list[SessionId] = []
        self.closed: list[SessionId] = []
        self.caused: list[tuple[Event, UserId | None]] = []
        self.left: list[ParticipantId] = []
        self.receipts: dict[tuple[str, str], Receipt] = {}
        self.answers: list[Callable[[], None]] = []

    def append(
        self,
        events: list[Event],
        by: ParticipantId,
        at: datetime,
        txn: str | None,
        body_hash: bytes | None,
        user: UserId | None = None,
    ) -> Receipt:
        """Add the events of one command. The txn stands on its first entry alone, as it is unique in the log."""
        first_seq = self.state.seq + 1
        at = at if self.state.at is None else max(at, self.state.at)
        for event in events:
            meta = Meta(self._epoch, self.state.seq + 1, at, SERVER if event.internal else by)
            self._append(event, meta, txn, body_hash)
            if by != SERVER:
                self.caused.append((event, user))
            txn = body_hash = None
        return Receipt(first_seq, at, self.entries[-len(events)].body_hash, events[0].receipt())

    def _append(self, event: Event, meta: Meta, txn: str | None, body_hash: bytes | None) -> None:
        gone = self._gone_with(event)
        if isinstance(event, Admitted) and (who := waits(self.state, event.participant)) is not None:
            self.admitted.append(who.session)
        self.state = evolve(self.state, event, meta)
        data = wire.encode(event)
        addressees = event.addressees()
        to = None if addressees is None else tuple(sorted(addressees))
        self.entries.append(
            Entry(
                epoch=meta.epoch,
                seq=meta.seq,
                at=meta.at,
                by=meta.by,
                type=event.type,
                v=event.version,
                data=data,
                to=to,
                txn=txn,
                body_hash=body_hash,
                subject=event.subject(),
            )
        )
        frame = text_frame(wire.logged_frame(event.type, meta, data))
        self.frames.append(LiveFrame(meta.epoch, meta.seq, meta.at, meta.by, frame, to, isinstance(event, Erased)))
        self.closed += gone.keys()
        self.left += gone.values()

    def _gone_with(self, event: Event) -> Mapping[SessionId, ParticipantId]:
        """Whose session ends with the event; asked before the event takes them out of the state."""
        match event:
            case Left(participant) | Denied(participant):
                who = find(self.state, participant)
                return {} if who is None else {who.session: who.id}
            case Ended():
                return {who.session: who.id for who in everybody(self.state)}
            case _:
                return {}

    def open(self, session: OpenSession) -> None:
        self.opened.append(session)
        self.keys[session.session] = session.keys

    def commit(self) -> Commit:
        return Commit(
            self._room,
            self._epoch,
            self._after_seq,
            tuple(self.entries),
            tuple(self.opened),
            tuple(self.admitted),
            tuple(self.closed),
        )


def live_frame(entry: Entry) -> LiveFrame:
    """An entry of the log as sockets get it."""
    meta = Meta(entry.epoch, entry.seq, entry.at, entry.by)
    frame = text_frame(wire.logged_frame(entry.type, meta, entry.data))
    return LiveFrame(entry.epoch, entry.seq, entry.at, entry.by, frame, entry.to, entry.type == Erased.type)
