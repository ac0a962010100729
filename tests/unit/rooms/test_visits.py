"""Who was there, from when to when, as the log has it."""

from datetime import UTC, datetime, timedelta

from meetserver.ids import ParticipantId, SessionId, UserId
from meetserver.messages import Event
from meetserver.ports import Entry
from meetserver.rooms.messages import Ended, Joined, Left, Participant
from meetserver.rooms.visits import Attendee, attendance
from meetserver.wire import encode

START = datetime(2026, 1, 2, 14, tzinfo=UTC)
NOW = START + timedelta(minutes=60)


def comes(id_: str, user: str | None = None, name: str = "Bo") -> Joined:
    account = None if user is None else UserId(user)
    return Joined(Participant(ParticipantId(id_), SessionId(f"s{id_}"), name, "participant", "", account))


def goes(id_: str) -> Left:
    return Left(ParticipantId(id_), "bye")


def attended(*events: tuple[int, Event]) -> list[Attendee]:
    """Each event with its minute."""
    return attendance(
        [
            Entry(
                1, seq, START + timedelta(minutes=minute), ParticipantId("x"), event.type, event.version, encode(event)
            )
            for seq, (minute, event) in enumerate(events, 1)
        ],
        NOW,
    )


def test_a_guest_is_as_many_people_as_they_came_times() -> None:
    people = attended((0, comes("a")), (5, goes("a")), (10, comes("b")))
    assert [(one.name, one.total_s / 60, len(one.visits)) for one in people] == [("Bo", 5, 1), ("Bo", 50, 1)]


def test_an_account_is_one_person_and_two_tabs_count_once() -> None:
    (ann,) = attended(
        (0, comes("a", "ann", "Ann")), (5, comes("b", "ann", "Anna")), (10, goes("a")), (20, goes("b")),
        (30, comes("c", "ann", "Ann B")), (35, goes("c")),
    )  # fmt: skip
    assert (ann.name, ann.total_s / 60, [visit.reason for visit in ann.visits]) == ("Ann B", 25, ["bye"] * 3)


def test_one_visit_inside_another_adds_nothing() -> None:
    (ann,) = attended((0, comes("a", "ann")), (5, comes("b", "ann")), (10, goes("b")), (20, goes("a")))
    assert ann.total_s / 60 == 20


def test_the_end_ends_all_visits() -> None:
    (one,) = attended((0, comes("a")), (15, Ended()))
    assert (one.visits[0].left, one.visits[0].reason, one.total_s / 60) == (START + timedelta(minutes=15), "ended", 15)


def test_who_left_before_the_list_begins_is_not_on_it() -> None:
    assert attended((0, goes("a"))) == []
