"""No table that knows a user is forgotten when one is erased, or wants a copy of their data."""

import meetserver.files.models
import meetserver.http.models
import meetserver.meetings.models
import meetserver.rooms.models  # noqa: F401
from meetserver.accounts.erasure_store import TOLD
from meetserver.accounts.models import user_account
from meetserver.database import metadata

NOT_TOLD = {
    "email_token": "single-use secrets",
    "auth_challenge": "single-use secrets",
    "known_place": "keyed hashes",
    "meeting": "meetings/erasure.py",
    "room_session": "rooms/eraser.py",
    "file": "files/erasure.py",
    "file_content": "told as files",
    "file_usage_of_owner": "how many files these are",
    "file_upload": "given up within a day",
}
"""Tables that point at an account and are no part of its own export, and why."""

KEPT_WITHOUT = {"room_session", "file", "file_content", "file_upload"}
"""Rows that stay, of nobody: in a room's log, and in the store of files until the sweep."""


def pointing() -> dict[str, str | None]:
    """Tables that point at an account, and what becomes of their rows when it goes."""
    return {
        table.name: key.ondelete
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == f"{user_account.name}.id"
    }


def test_whatever_points_at_an_account_is_told_or_has_a_reason() -> None:
    told = {table.name for table in TOLD} - {user_account.name}
    assert set(pointing()) == told | set(NOT_TOLD)


def test_nothing_keeps_an_account_from_going() -> None:
    assert {table for table, fate in pointing().items() if fate == "SET NULL"} == KEPT_WITHOUT
    assert {fate for fate in pointing().values() if fate != "SET NULL"} == {"CASCADE"}


def test_no_secret_is_told() -> None:
    told = {column for columns in TOLD.values() for column in columns}
    assert told.isdisjoint({"password_hash", "refresh_hash", "previous_hash", "secret", "code_hash", "public_key"})
