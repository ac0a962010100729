"""What the web client says again, as a page cannot ask the server for it: the same as the server's own tables."""

import re
from typing import get_args

from meetserver import access, limits
from meetserver.http.pages import WEB
from meetserver.ports import SecurityEventType

JS = WEB / "static" / "js"
QUOTED = re.compile(r'"([^"]+)"')


def block(file: str, name: str) -> str:
    """What stands between the brackets that follow `const name =`."""
    found = re.search(rf"const {name} = [\[{{](.*?)[\]}}];$", (JS / file).read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"{file} has no {name}"
    return found[1]


def test_kinds_of_security_events() -> None:
    assert sorted(QUOTED.findall(block("admin/event-types.js", "TYPES"))) == sorted(get_args(SecurityEventType))


def test_scopes_of_access_tokens() -> None:
    scopes = re.findall(r'^  "([a-z:]+)": \[', block("accounts/token-form.js", "SCOPES"), re.MULTILINE)
    assert scopes == list(access.SCOPES)


def test_roles_that_are_granted() -> None:
    roles = re.findall(r"^  (\w+):", block("admin/users.js", "ROLES"), re.MULTILINE)
    assert roles == list(access.GRANTED_ROLES)


def test_who_is_led_to_which_part_of_the_administration() -> None:
    sees = {name: set(QUOTED.findall(roles)) for name, roles in _rows(block("admin/sections.js", "SEES"))}
    changes = {name: set(QUOTED.findall(roles)) for name, roles in _rows(block("admin/sections.js", "CHANGES"))}
    assert sees == {
        "": access.ACTIONS["users.read"].roles,
        "addresses": access.ACTIONS["ip_rules.read"].roles,
        "rooms": access.ACTIONS["rooms.read"].roles & access.ACTIONS["shards.read"].roles,
        "files": access.ACTIONS["file_usage.read"].roles,
        "log": access.ACTIONS["security_log.read"].roles,
    }
    assert changes == {
        "": access.ACTIONS["users.write"].roles,
        "addresses": access.ACTIONS["ip_rules.write"].roles,
        "rooms": access.ACTIONS["rooms.write"].roles & access.ACTIONS["shards.write"].roles,
    }


def test_how_long_a_password_is() -> None:
    assert f"PASSWORD_MIN_CHARS = {limits.PASSWORD_MIN_CHARS};" in (JS / "ui/password.js").read_text()


def test_how_files_are_sent_and_listed() -> None:
    sending, listing, places, entry = (
        (JS / f"files/{name}.js").read_text() for name in ("upload", "listing", "places", "entry")
    )
    assert f"const PART_BYTES = {limits.FILE_PART_BYTES // 1024**2} * 1024 * 1024;" in sending
    assert f"const PAGE_MOST = {limits.PAGE_ITEMS};" in listing
    assert f"const LIFE_MS = {limits.UPLOAD_LIFE_S / 3600:.0f} * 60 * 60 * 1000;" in places
    assert f"const THUMBNAIL_PX = {limits.THUMBNAIL_PX[0]};" in entry


def _rows(text: str) -> list[tuple[str, str]]:
    return [(name.strip('"'), roles) for name, roles in re.findall(r'("\w*"|\w+): \[([^\]]*)\]', text)]


def test_how_much_goes_into_one_message() -> None:
    assert f"MAX_CHARS = {limits.CHAT_TEXT_CHARS};" in (JS / "chat/composer.js").read_text()
    assert f"MOST = {limits.CHAT_ADDRESSEES};" in (JS / "chat/addressees.js").read_text()
    assert f"MOST = {limits.CHAT_MENTIONS};" in (JS / "chat/completion.js").read_text()
    assert f"MAX_CHARS = {limits.SEARCH_CHARS};" in (JS / "chat/search.js").read_text()
