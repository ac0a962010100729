import pytest
from msgspec import UNSET

from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.errors import BadMessage, SealBroken
from meetserver.ids import MeetingId
from meetserver.meetings.passcodes import is_passcode, passcode_of, with_passcode

SEALER = PlainSealer()
MEETING = MeetingId("m1")


def test_it_is_kept_sealed_and_read_back() -> None:
    kept = with_passcode(SEALER, MEETING, {"chat": False}, " open sesame ")
    assert kept["chat"] is False
    assert passcode_of(SEALER, MEETING, kept) == "open sesame"
    with pytest.raises(SealBroken):
        passcode_of(SEALER, MeetingId("m2"), kept)


def test_what_is_left_out_stays_and_nothing_takes_it_away() -> None:
    kept = with_passcode(SEALER, MEETING, {}, "1234")
    assert with_passcode(SEALER, MEETING, kept, UNSET) == kept
    assert with_passcode(SEALER, MEETING, kept, "1234") == kept
    for nothing in (None, ""):
        assert with_passcode(SEALER, MEETING, kept, nothing) == {}


def test_what_nobody_could_type_is_refused() -> None:
    for impossible in ("  ", "a\x00", "a\nb", "\u202e1"):
        with pytest.raises(BadMessage):
            with_passcode(SEALER, MEETING, {}, impossible)


@pytest.mark.parametrize("given", ["1234é", " 1234é ", "1234e\u0301"])
def test_the_right_one_in_any_clothes(given: str) -> None:
    assert is_passcode(given, "1234é")


@pytest.mark.parametrize("given", ["", "1234", "1234É", "12345", "\x00"])
def test_a_wrong_one(given: str) -> None:
    assert not is_passcode(given, "1234é")
