import pytest
from msgspec import UNSET

from meetserver.cursors import read_cursor, write_cursor
from meetserver.errors import BadMessage, NotSupported
from meetserver.meetings.messages import Settings, SettingsWish
from meetserver.meetings.settings import ip_rules, needs, shown, stored
from meetserver.network.rules import IpRule
from tests.builders import NOON


def test_what_is_wished_is_kept_and_null_goes_back_to_the_default() -> None:
    kept = stored(SettingsWish(chat=False, max_participants=5), {})
    assert kept == {"chat": False, "max_participants": 5}
    kept = stored(SettingsWish(chat=None, whiteboard=False), kept)
    assert kept == {"whiteboard": False, "max_participants": 5}
    assert shown(kept, None) == Settings(whiteboard=False, max_participants=5)


def test_every_setting_can_be_wished_at_its_default() -> None:
    defaults = {name: getattr(Settings(), name) for name in Settings.__struct_fields__}
    assert set(defaults) == set(SettingsWish.__struct_fields__)
    assert shown(stored(SettingsWish(**defaults), {}), None) == Settings()


@pytest.mark.parametrize("wish", [{"recording": True}, {"media": "relay"}])
def test_what_cannot_be_kept_is_refused(wish: dict[str, object]) -> None:
    with pytest.raises(NotSupported):
        stored(SettingsWish(**wish), {})  # type: ignore[arg-type]


def test_address_rules_are_kept_written_one_way() -> None:
    kept = stored(SettingsWish(ip_rules=(IpRule("deny", "10.1.2.3"),)), {})
    assert ip_rules(kept) == (IpRule("deny", "10.1.2.3/32"),)
    assert shown(kept, None).ip_rules == ip_rules(kept)
    assert stored(SettingsWish(ip_rules=None), kept) == {}


def test_the_door_says_what_it_asks_for() -> None:
    assert needs({}) == []
    assert needs({"passcode": "sealed", "only_invited": True, "only_signed_in": True, "lobby": True}) == [
        "passcode",
        "sign_in",
        "invitation",
    ]


def test_a_wish_for_nothing_changes_nothing() -> None:
    assert SettingsWish().chat is UNSET
    assert stored(SettingsWish(), {"chat": False}) == {"chat": False}


def test_a_cursor_is_read_back() -> None:
    assert read_cursor(write_cursor(NOON, "abc")) == (NOON, "abc")


@pytest.mark.parametrize("cursor", ["", "x", "e30", "é", "W10", "WyIyMDMwLTAxLTAxIiwiYSJd", "=" * 9, "\x00"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadMessage):
        read_cursor(cursor)
