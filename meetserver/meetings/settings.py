"""A meeting's settings: which of them this server keeps, and how a wish changes them. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from meetserver.errors import NotSupported
from meetserver.meetings.messages import Settings, SettingsWish

KEPT = frozenset({"chat", "whiteboard", "media", "max_participants"})
"""Settings that can differ from their default."""
MEDIA_MODES = frozenset({"auto", "mesh"})

_DEFAULTS = msgspec.to_builtins(Settings())
# Other ways to say the default.
_EMPTY = {"passcode": ("",)}


def stored(wish: SettingsWish, before: Mapping[str, Any]) -> dict[str, Any]:
    """What to write down: `before` with the wish applied. Raises NotSupported, naming the setting."""
    after = {key: value for key, value in before.items() if key in KEPT}
    for name in wish.__struct_fields__:
        value = getattr(wish, name)
        if value is UNSET:
            continue
        if name not in KEPT:
            if value not in (None, _DEFAULTS[name], *_EMPTY.get(name, ())):
                raise NotSupported(f"settings.{name} cannot be set on this server yet")
        elif value is None:
            after.pop(name, None)
        else:
            after[name] = value
    if after.get("media", "auto") not in MEDIA_MODES:
        raise NotSupported("settings.media can be auto or mesh on this server")
    return after


def shown(kept: Mapping[str, Any]) -> Settings:
    """All settings, those not kept at their default."""
    return msgspec.convert({**_DEFAULTS, **kept}, Settings)
