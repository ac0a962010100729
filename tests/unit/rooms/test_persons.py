"""What tells all tabs of one person from others."""

from meetserver.ids import ParticipantId, SessionId, UserId
from meetserver.rooms.messages import Participant
from meetserver.rooms.persons import person_of


def given(session: str, user: str | None = None) -> Participant:
    account = None if user is None else UserId(user)
    return Participant(
        ParticipantId("p"), SessionId(session), "Ann", "participant", "2026-11-23T12:00:00.000Z", user=account
    )


def test_tabs_of_one_account_are_one_person_whatever_the_browser() -> None:
    assert person_of(given("s1", "ann"), ("u:1", "v:1")) == person_of(given("s2", "ann"), ("u:1", "v:2")) == "ann"


def test_tabs_of_a_guests_browser_are_one_person_whatever_the_address() -> None:
    assert person_of(given("s1"), ("v:1", "a:1")) == person_of(given("s2"), ("v:1", "a:2")) == "v:1"


def test_guests_of_whom_nothing_is_known_are_each_their_own() -> None:
    assert person_of(given("s1"), ("a:1",)) == "s1" != person_of(given("s2"), ("a:1",))
