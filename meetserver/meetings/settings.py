"""A meeting's settings: which of them this server keeps, and how a wish changes them. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from meetserver import limits
from meetserver.errors import BadMessage, NotSupported
from meetserver.meetings.messages import Need, Settings, SettingsWish
from meetserver.network.rules import IpRule, checked_rules

PASSCODE = "passcode"
KEPT = frozenset(
    {
        "chat",
        "chat_mode",
        "chat_private",
        "chat_search",
        "chat_slow_s",
        "e2ee",
        "files_kept_days",
        "ip_rules",
        "lobby",
        "locked",
        "max_participants",
        "media",
        "only_invited",
        "only_signed_in",
        PASSCODE,
        "retention_days",
        "whiteboard",
        "whiteboard_mode",
    }
)
"""Settings that can differ from their default. The passcode is kept sealed (passcodes.py)."""
MEDIA_MODES = frozenset({"auto", "mesh"})

_DEFAULTS = msgspec.to_builtins(Settings())


def stored(wish: SettingsWish, before: Mapping[str, Any]) -> dict[str, Any]:
    """What to write down, but for the passcode, which stands as it was: `before` with the wish applied.

    Raises NotSupported, naming the setting, and BadMessage.
    """
    after = {key: value for key, value in before.items() if key in KEPT}
    for name in wish.__struct_fields__:
        value = getattr(wish, name)
        if value is UNSET or name == PASSCODE:
            continue
        if name not in KEPT:
            if value not in (None, _DEFAULTS[name]):
                raise NotSupported(f"settings.{name} cannot be set on this server yet")
        elif value is None:
            after.pop(name, None)
        else:
            after[name] = msgspec.to_builtins(checked_rules(value)) if name == "ip_rules" else value
    if after.get("e2ee") and after.get("max_participants", _DEFAULTS["max_participants"]) > limits.E2EE_MEMBERS:
        raise BadMessage(f"settings.e2ee is for meetings of at most {limits.E2EE_MEMBERS} people")
    if after.get("media", "auto") not in MEDIA_MODES:
        raise NotSupported("settings.media can be auto or mesh on this server")
    return after


def shown(kept: Mapping[str, Any], passcode: str | None) -> Settings:
    """All settings, those not kept at their default; `passcode` in clear."""
    return msgspec.convert({**_DEFAULTS, **kept, PASSCODE: passcode}, Settings)


def needs(kept: Mapping[str, Any]) -> list[Need]:
    """What is asked of whoever comes to the door."""
    asked: dict[Need, str] = {"passcode": PASSCODE, "sign_in": "only_signed_in", "invitation": "only_invited"}
    return [need for need, name in asked.items() if kept.get(name)]


def ip_rules(kept: Mapping[str, Any]) -> tuple[IpRule, ...]:
    return msgspec.convert(kept.get("ip_rules", ()), tuple[IpRule, ...])
