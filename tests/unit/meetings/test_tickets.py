"""What a ticket says of whoever it lets in. The attacks on it: tests/unit/accounts."""

from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings.tickets import Tickets


def test_all_that_was_put_in_comes_out() -> None:
    tickets = Tickets(bytes(32), ManualClock(), SeededRandom())
    plain = {"room": RoomId("r1"), "meeting": MeetingId("m1"), "user": UserId("ann"), "name": "Ann", "role": "viewer"}
    more = {"auth_session": "s1", "keys": ("u:x", "a:y"), "passes_lobby": True}
    claims = tickets.verify(tickets.issue(**plain, **more))  # type: ignore[arg-type]
    assert {name: getattr(claims, name) for name in (*plain, *more)} == {**plain, **more}


def test_a_guest_says_less() -> None:
    tickets = Tickets(bytes(32), ManualClock(), SeededRandom())
    ticket = tickets.issue(room=RoomId("r1"), meeting=MeetingId("m1"), user=None, name="Cy", role="participant")
    claims = tickets.verify(ticket)
    assert (claims.user, claims.auth_session, claims.keys, claims.passes_lobby) == (None, None, (), False)
