"""Identity keys and shared keys: who is a member, who is given what, how much of it a room remembers."""

from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.e2ee.messages import Publish, Published, Share, Shared
from meetserver.e2ee.state import shares_for
from meetserver.ids import ParticipantId
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import End, Leave
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot
from meetserver.rooms.views import shared_view, view
from tests.builders import after, assert_refused, given_room, granted, join, participant_id
from tests.e2ee import text_of
from tests.unit.e2ee.rooms import WRAPPED, given_encrypted, identity, key_id, sealed, share


def test_who_publishes_is_a_member_until_they_leave() -> None:
    room = given_encrypted("Ann", "Bo", listeners=("Cy",))
    assert room.e2ee.members == {"ann": identity("Ann"), "bo": identity("Bo")}

    room = after(room, "server", Leave(participant_id("Bo"), "bye"))
    assert list(room.e2ee.members) == ["ann"]
    assert after(room, "Ann", End()).e2ee.members == {}


def test_everybody_is_told_of_an_identity_key_once() -> None:
    room = given_encrypted("Ann")
    [told] = granted(given_encrypted("Ann", listeners=("Bo",)), "Bo", Publish(identity("Bo")))

    assert told == Published(ParticipantId("bo"), identity("Bo"))
    assert told.addressees() is None
    assert granted(room, "Ann", Publish(identity("Ann"))) == []


OFF_THE_CURVE = text_of(b"\x04" + (7).to_bytes(32) + (8).to_bytes(32))
LARGE = text_of(b"\x04" + b"\xff" * 64)


@pytest.mark.parametrize("key", [OFF_THE_CURVE, LARGE, identity("Bo")[:-1] + "_", "BB" + identity("Bo")[2:]])
def test_what_is_no_point_would_keep_others_from_sharing(key: str) -> None:
    assert_refused(given_encrypted("Ann", listeners=("Bo",)), "Bo", Publish(key), "bad_message")


@pytest.mark.parametrize("key", ["", identity("Bo") + "\n", identity("Bo")[:-1], "A" + identity("Bo")[1:]])
def test_what_is_no_key_is_not_even_decoded(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"key": key}, Publish)


def test_nobody_takes_anothers_key() -> None:
    assert_refused(given_encrypted("Ann", listeners=("Bo",)), "Bo", Publish(identity("Ann")), "conflict")


def test_there_are_only_so_many_members() -> None:
    with patch.object(limits, "E2EE_MEMBERS", 2):
        room = given_encrypted("Ann", "Bo", listeners=("Cy",))
        assert_refused(room, "Cy", Publish(identity("Cy")), "room_full")
        assert granted(room, "Bo", Publish(identity("another of Bo's")))


def test_a_key_goes_to_those_for_whom_it_is_wrapped() -> None:
    [told] = granted(given_encrypted("Ann", "Bo", "Cy"), "Ann", share(1, "Ann", "Bo"))

    assert told == Shared(key_id(1), {"ann": WRAPPED, "bo": WRAPPED})
    assert told.addressees() == {"ann", "bo"}


def test_a_key_is_shared_by_a_member_with_members_and_oneself_once() -> None:
    room = given_encrypted("Ann", "Bo", listeners=("Cy",))

    assert_refused(room, "Cy", share(1, "Cy"), "conflict")
    assert_refused(room, "Ann", share(1, "Ann", "Cy"), "conflict")
    assert_refused(room, "Ann", share(1, "Bo"), "bad_message")
    room = after(room, "Ann", share(1, "Ann", "Bo"))
    assert_refused(room, "Ann", share(1, "Ann"), "conflict")
    assert granted(room, "Bo", share(1, "Ann", "Bo"))


def test_a_key_is_wrapped_for_at_most_so_many() -> None:
    wrapped = {f"p{number}": WRAPPED for number in range(limits.E2EE_MEMBERS)}
    msgspec.convert({"key_id": key_id(1), "wrapped": wrapped}, Share)
    for bad in ({**wrapped, "one-more": WRAPPED}, {}, {"p": WRAPPED + "w"}, {"p" * 65: WRAPPED}, {"p": "no base64!"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"key_id": key_id(1), "wrapped": bad}, Share)
    size = len(msgspec.json.encode({"key_id": key_id(1), "wrapped": {f"{who:x<64}": WRAPPED for who in wrapped}}))
    assert size < limits.FRAME_BYTES - 1000


def test_each_sees_the_keys_that_are_for_them_and_their_own_part_alone() -> None:
    room = after(given_encrypted("Ann", "Bo", "Cy"), "Ann", share(1, "Ann", "Bo"))

    [one] = shares_for(room.e2ee, participant_id("Bo"))
    assert (one.by, one.identity, one.wrapped) == ("ann", identity("Ann"), {"bo": WRAPPED})
    assert shares_for(room.e2ee, participant_id("Cy")) == []

    seen = {name: msgspec.json.decode(view(room, LiveState(), participant_id(name)))["e2ee"] for name in ("Bo", "Cy")}
    assert [one["key_id"] for one in seen["Bo"]["shares"]] == [key_id(1)]
    assert seen["Cy"] == msgspec.json.decode(shared_view(room, LiveState()))["e2ee"]
    assert seen["Cy"] == {"keys": {name.lower(): identity(name) for name in ("Ann", "Bo", "Cy")}, "shares": []}


def test_a_room_that_is_not_encrypted_says_nothing_of_keys() -> None:
    room = given_room(host="Ann")

    assert "e2ee" not in msgspec.json.decode(shared_view(room, LiveState()))
    assert_refused(room, "Ann", Publish(identity("Ann")), "forbidden")
    assert_refused(room, "Ann", share(1, "Ann"), "forbidden")


def test_only_the_newest_keys_are_at_hand() -> None:
    room = given_encrypted("Ann")
    with patch.object(limits, "E2EE_SHARES", 3):
        for number in range(5):
            room = after(room, "Ann", share(number, "Ann"))

    assert [one.key_id for one in room.e2ee.shares] == [key_id(2), key_id(3), key_id(4)]


def test_who_floods_the_room_with_keys_loses_their_own() -> None:
    room = given_encrypted("Ann", "Bo", "Cy")
    with patch.object(limits, "E2EE_SHARES", 4):
        for number, (name, *readers) in enumerate((("Ann", "Bo", "Cy"), ("Bo", "Ann", "Cy"), *[("Cy",)] * 6)):
            room = after(room, name, share(number, name, *readers))

    assert [one.key_id for one in room.e2ee.shares] == [key_id(0), key_id(1), key_id(6), key_id(7)]
    assert granted(room, "Ann", sealed(0))


def test_who_begins_anew_has_no_part_in_what_was() -> None:
    room = given_encrypted("Ann", "Bo")
    room = after(room, "Ann", share(1, "Ann", "Bo"))
    room = after(room, "Bo", share(2, "Ann", "Bo"))

    room = after(room, "Bo", Publish(identity("another of Bo's")))

    assert [(one.by, one.wrapped) for one in room.e2ee.shares] == [("ann", {"ann": WRAPPED, "bo": ""})]
    assert shares_for(room.e2ee, participant_id("Bo")) == []
    assert_refused(room, "Ann", share(1, "Ann", "Bo"), "conflict")


def test_keys_are_forgotten_with_the_last_member() -> None:
    room = after(given_encrypted("Ann", "Bo", listeners=("Cy",)), "Ann", share(1, "Ann", "Bo"))
    for name in ("Ann", "Bo"):
        room = after(room, "server", Leave(participant_id(name), "bye"))

    assert room.e2ee.shares == ()
    assert room.e2ee.is_settled


def test_a_stored_room_is_the_same_room() -> None:
    room = after(given_encrypted("Ann", "Bo"), "Ann", share(1, "Ann", "Bo"))
    assert decode_snapshot(encode_snapshot(room)) == room
    assert decode_snapshot(encode_snapshot(after(room, "Cy", join("Cy")))).e2ee == room.e2ee
