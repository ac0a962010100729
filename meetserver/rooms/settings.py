"""Title, settings and address rules: as the calendar entry has them, and as somebody in the room changed them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from meetserver.errors import Refusal
from meetserver.messages import Event
from meetserver.network.rules import IpRule
from meetserver.rooms.messages import Changed, ChangeSettings, Configure, Guarded, Lock, Settings
from meetserver.rooms.state import RoomState


def configure_from(title: str, stored: Mapping[str, Any]) -> Configure:
    """What a calendar entry with these settings, as they are stored, means to its room."""
    rules = msgspec.convert(stored.get("ip_rules", ()), tuple[IpRule, ...])
    return Configure(title, msgspec.convert(stored, Settings), rules)


def is_configured(state: RoomState, command: Configure) -> bool:
    """Whether the room's log says all of it already."""
    known = (state.title, state.configured, state.ip_rules)
    return known == (command.title, _possible(state, command.settings), command.ip_rules)


def configure(state: RoomState, command: Configure) -> list[Event]:
    """What the calendar entry changed since it was looked at last; what was changed in the room stays."""
    events: list[Event] = []
    wanted = _possible(state, command.settings)
    if (command.title, wanted) != (state.title, state.configured):
        events = [Changed(command.title, _merged(state, wanted), wanted)]
    if command.ip_rules != state.ip_rules:
        events.append(Guarded(command.ip_rules))
    return events


def _possible(state: RoomState, wanted: Settings) -> Settings:
    """Once somebody has been here, people rely on the chat being encrypted, or have said things in clear."""
    return replace(wanted, e2ee=state.rules.e2ee) if state.e2ee.is_settled else wanted


def _merged(state: RoomState, wanted: Settings) -> Settings:
    if state.settings is None or state.configured is None:
        return wanted
    before = asdict(state.configured)
    return replace(state.settings, **{name: now for name, now in asdict(wanted).items() if now != before[name]})


def lock(state: RoomState, command: Lock) -> list[Event]:
    return _change(state, replace(state.rules, locked=command.locked))


def change(state: RoomState, command: ChangeSettings) -> list[Event] | Refusal:
    wanted = {name: value for name, value in asdict(command).items() if value is not None}
    if not wanted:
        return Refusal("bad_message", f"name one of {', '.join(command.__struct_fields__)}")
    return _change(state, replace(state.rules, **wanted))


def _change(state: RoomState, after: Settings) -> list[Event]:
    return [] if after == state.rules else [Changed(state.title, after)]


def changed(state: RoomState, event: Changed) -> RoomState:
    return replace(state, title=event.title, settings=event.settings, configured=event.configured or state.configured)
