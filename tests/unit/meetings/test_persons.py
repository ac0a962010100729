from meetserver.ids import RoomId, UserId
from meetserver.meetings.persons import person_keys
from meetserver.ports import Origin

SECRET = bytes(32)
ROOM = RoomId("room1")
ANN = UserId("ann")


def keys(user: UserId | None = None, *, address: str = "", visitor: str = "", room: RoomId = ROOM) -> tuple[str, ...]:
    return person_keys(SECRET, room, user, Origin(address=address, visitor=visitor))


def test_all_that_is_known_becomes_a_key() -> None:
    assert [key[:2] for key in keys(ANN, address="192.0.2.1", visitor="v1")] == ["u:", "v:", "a:"]
    assert [key[:2] for key in keys(address="192.0.2.1")] == ["a:"]
    assert keys() == ()


def test_the_same_person_has_the_same_keys_in_one_room_only() -> None:
    assert keys(ANN) == keys(ANN)
    assert keys(ANN) != keys(ANN, room=RoomId("room2"))
    assert keys(ANN)[0][2:] != keys(visitor="ann")[0][2:], "an account is no visitor of the same name"


def test_a_household_has_one_address() -> None:
    assert keys(address="2001:db8::1") == keys(address="2001:db8::ffff:2")
    assert keys(address="2001:db8::1") != keys(address="2001:db8:0:1::1")


def test_a_key_does_not_show_what_it_is_of() -> None:
    assert all(known not in " ".join(keys(ANN, address="192.0.2.1", visitor="v1")) for known in ("ann", "192", "v1"))
