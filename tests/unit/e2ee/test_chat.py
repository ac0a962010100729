"""What may be said in an encrypted chat: nothing in clear, and only what exactly those who are here can open."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetserver.chat.messages import Edit, Send, Sent
from meetserver.e2ee.messages import Publish
from meetserver.errors import Refusal
from meetserver.rooms.messages import Configure, Leave, Settings
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, context, given_room, granted, join, participant_id
from tests.unit.e2ee.rooms import given_encrypted, identity, key_id, sealed, share


@pytest.fixture
def room() -> RoomState:
    return after(given_encrypted("Ann", "Bo", "Cy"), "Ann", share(1, "Ann", "Bo", "Cy"))


def leave(room: RoomState, name: str) -> RoomState:
    return after(room, "server", Leave(participant_id(name), "bye"))


def test_text_is_refused_and_what_members_can_read_is_taken(room: RoomState) -> None:
    assert_refused(room, "Ann", Send(text="in clear"), "forbidden")
    [sent] = granted(room, "Ann", sealed(1))
    assert isinstance(sent, Sent)
    assert sent.text is None


def test_a_message_without_its_key_is_none(room: RoomState) -> None:
    assert_refused(room, "Ann", Send(ciphertext="c" * 40), "bad_message")
    assert_refused(room, "Ann", Send(key_id="k"), "bad_message")


def test_where_the_chat_is_not_encrypted_ciphertext_is_passed_on() -> None:
    room = given_room(host="Ann")
    assert granted(room, "Ann", Send(ciphertext="c", key_id="whichever"))
    assert granted(room, "Ann", Send(text="in clear"))


def test_who_is_no_member_says_nothing() -> None:
    assert_refused(given_encrypted("Ann", listeners=("Bo",)), "Bo", sealed(1), "conflict")
    empty = leave(given_encrypted("Ann", listeners=("Bo",)), "Ann")
    assert_refused(empty, "Bo", sealed(1), "conflict")


def test_a_key_is_its_owners_alone(room: RoomState) -> None:
    assert_refused(room, "Bo", sealed(1), "conflict")
    assert_refused(room, "Ann", sealed(2), "conflict")


def test_after_a_leave_another_key_is_needed(room: RoomState) -> None:
    room = leave(room, "Cy")
    assert_refused(room, "Ann", sealed(1), "conflict")

    room = after(room, "Ann", share(2, "Ann", "Bo"))
    assert granted(room, "Ann", sealed(2))


def test_who_comes_needs_another_key_once_they_are_a_member(room: RoomState) -> None:
    room = after(room, "Di", join("Di"))
    assert granted(room, "Ann", sealed(1))

    room = after(room, "Di", Publish(identity("Di")))
    assert_refused(room, "Ann", sealed(1), "conflict")
    assert_refused(room, "Ann", share(1, "Ann", "Bo", "Cy", "Di"), "conflict")
    assert granted(after(room, "Ann", share(2, "Ann", "Bo", "Cy", "Di")), "Ann", sealed(2))


def test_who_begins_anew_needs_another_key(room: RoomState) -> None:
    room = after(room, "Bo", Publish(identity("another of Bo's")))
    assert_refused(room, "Ann", sealed(1), "conflict")
    assert_refused(leave(room, "Bo"), "Ann", sealed(1), "conflict")  # Bo may well have kept the first one


def test_a_private_message_has_a_key_of_its_own(room: RoomState) -> None:
    assert_refused(room, "Ann", sealed(1, "Bo"), "conflict")

    room = after(room, "Ann", share(2, "Ann", "Bo"))
    assert granted(room, "Ann", sealed(2, "Bo"))
    assert_refused(room, "Ann", sealed(2), "conflict")
    assert_refused(room, "Ann", sealed(2, "Cy"), "conflict")
    assert granted(leave(room, "Cy"), "Ann", sealed(2, "Bo"))


def test_an_edit_is_sealed_for_those_who_are_here_now(room: RoomState) -> None:
    room = after(room, "Ann", sealed(1))
    said = room.chat.shared.messages[-1].message_id

    assert_refused(room, "Ann", Edit(said, text="in clear"), "forbidden")
    assert granted(room, "Ann", Edit(said, ciphertext="d" * 40, key_id=key_id(1)))
    assert_refused(leave(room, "Cy"), "Ann", Edit(said, ciphertext="d" * 40, key_id=key_id(1)), "conflict")


def test_an_edit_of_a_private_message_is_for_its_people(room: RoomState) -> None:
    room = after(room, "Ann", share(2, "Ann", "Bo"))
    [sent] = granted(room, "Ann", sealed(2, "Bo"))
    assert isinstance(sent, Sent)
    room = after(room, "Ann", sealed(2, "Bo"))

    assert granted(room, "Ann", Edit(sent.message_id, ciphertext="d" * 40, key_id=key_id(2)))
    assert_refused(room, "Ann", Edit(sent.message_id, ciphertext="d" * 40, key_id=key_id(1)), "conflict")


def test_whether_it_is_encrypted_is_settled_by_the_first_who_comes() -> None:
    def asked(room: RoomState, *, e2ee: bool) -> bool:
        return after(room, "server", Configure("Weekly", Settings(e2ee=e2ee))).rules.e2ee

    unused = given_room(host=None)
    assert asked(unused, e2ee=True)
    used = leave(given_room(host="Ann"), "Ann")
    assert not asked(used, e2ee=True)
    assert asked(given_encrypted("Ann"), e2ee=False)


NAMES = ["Ann", "Bo", "Cy", "Di"]
STEPS = st.lists(
    st.tuples(st.sampled_from(["come", "go", "anew", "share", "say"]), st.sampled_from(NAMES)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_is_taken_can_be_opened_by_the_members_of_that_moment_and_nobody_else(
    steps: list[tuple[str, str]],
) -> None:
    """Who holds which key is counted here from the events alone. Who begins anew cannot rely on what they had, and who
    means ill has kept it."""
    room, numbers = given_encrypted("Ann"), count()
    held: dict[str, set[tuple[str, str]]] = {name: set() for name in NAMES}
    kept: dict[str, set[tuple[str, str]]] = {name: set() for name in NAMES}
    mine: dict[str, int] = {}

    for step, name in steps:
        here = participant_id(name) in room.participants
        match step:
            case "come" if not here:
                room = after(after(room, name, join(name)), name, Publish(identity(name)))
                held[name] = set()
            case "go" if here:
                room = leave(room, name)
            case "anew" if here:
                room = after(room, name, Publish(identity(f"{name} {next(numbers)}")))
                held[name] = set()
            case "share" if here:
                members = [other for other in NAMES if participant_id(other) in room.e2ee.members]
                mine[name] = next(numbers)
                command = share(mine[name], *members)
                room = after(room, name, command)
                for other in members:
                    held[other].add((name, command.key_id))
                    kept[other].add((name, command.key_id))
            case "say" if here and name in mine:
                said = sealed(mine[name])
                if isinstance(decide(room, said, context(room, name)), Refusal):
                    continue
                assert said.key_id is not None
                can_open = {other for other in NAMES if (name, said.key_id) in held[other]}
                assert {participant_id(other) for other in can_open} == set(room.e2ee.members)
                may_open = {other for other in NAMES if (name, said.key_id) in kept[other]}
                assert {participant_id(other) for other in may_open} <= set(room.e2ee.members)
