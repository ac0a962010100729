"""What is put into filters, searches, cursors and paths is only ever a text to look for: it finds what holds it, or it
is refused, and changes nothing. Asked of every query and path that the routes have, new ones too."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

import msgspec
import pytest
from sqlalchemy import func, select
from sqlalchemy.sql.operators import ColumnOperators

from meetserver.accounts.messages import Register
from meetserver.chat.words import matches, sought_in, words_of
from meetserver.database import metadata
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES
from meetserver.rooms.indexer import Indexer
from tests.integration.http.conftest import PASSWORD, Api, Make
from tests.integration.http.test_history import BO, Room
from tests.integration.http.test_users import given_admin
from tests.security.fields import text_fields, value_with

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
"""The stricter one: what reaches it as the wrong type is an error there."""

CORPUS: Final = (
    # SQL: out of the quotes, a comment, another statement, a union, time, an order
    "'", "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "') OR ('1'='1", "1; DROP TABLE user_account; --", "1 OR 1=1",
    "' UNION SELECT password_hash FROM user_account --", "'; SELECT pg_sleep(5); --", "1 AND randomblob(1000000000)",
    "(CASE WHEN 1=1 THEN name ELSE email END)", "name DESC", "/**/", "$$", "$1", ":name", "?", "%s", "%(name)s",
    # wildcards of LIKE and of regular expressions
    "%", "_", "%%%%", "\\", "\\%", "[a-z]", ".*", "(a+)+$",
    # other languages: documents, templates, format strings, ranges
    '{"$ne": null}', "[$gt]=", "{{7*7}}", "${7*7}", "{0.__class__}", "*)(uid=*", "@version", "../../etc/passwd",
)  # fmt: skip

NAMES: Final = ("Ann", "Ben 100%", "Cy_d", "Dora O'Neill", "Back\\slash", "[a-z] ${7*7} $1", "? :name")
TEXTS: Final = ("hello", "100% sure", "under_score", "it's \\ here", "' OR '1'='1", "SELECT 1; --", '{"$ne": null}')

QUERIES: Final = [(route, path) for route in ROUTES if route.query for path in text_fields(route.query)]


@pytest.fixture
async def api(make_api: Make) -> Api:
    return await make_api(rate_factor=0)


@pytest.fixture
async def room(api: Api) -> Room:
    """An administrator's, in which something was said; and others who have accounts."""
    admin = await given_admin(api)
    for number, name in enumerate(NAMES):
        await api.services.accounts.add(Register(email=f"{number}@example.com", password=PASSWORD, name=name))
    room = Room(admin, await admin.given_meeting())
    for text in TEXTS:
        await room.says(BO, text)
    await Indexer(api.services.message_index).run()
    return room


async def row_counts(api: Api) -> dict[str, int]:
    database = api.services.database
    return {
        name: (await database.fetch(select(func.count()).select_from(table)))[0][0]
        for name, table in metadata.tables.items()
    }


def path_of(route: AnyRoute, room: Room) -> str:
    path = route.path.replace("/meetings/{meeting_id}", room.path)
    return path.replace("{name}", "none").replace("{file_id}", "none")


@on_postgres
async def test_in_every_query(api: Api, room: Room, record_property: Any) -> None:
    before = await row_counts(api)
    wrong, sent = [], 0
    for route, path in QUERIES:
        for text in CORPUS:
            params = value_with(route.query, path, text)
            answer = await room.owner.request(route.method, path_of(route, room), params=params, allow_redirects=False)
            sent += 1
            if answer.status not in (200, 303, 400, 404) or (path[-1] == "cursor" and answer.status == 200):
                wrong.append(f"{route.method} {route.path} {path[-1]}={text!r}: {answer.status}")
    assert wrong == []
    assert await row_counts(api) == before
    record_property("counted", f"{sent} hostile texts in {len(QUERIES)} filters, searches and cursors")


async def test_a_search_finds_what_holds_the_text_and_nothing_else(room: Room) -> None:
    people = ["Root", *NAMES]
    for text in CORPUS:
        found = await room.owner.get("/admin/users", params={"q": text})
        assert {one["name"] for one in found.body["items"]} == {name for name in people if text in name}, text
        found = await room.owner.get(f"{room.path}/messages", params={"q": text})
        sought = sought_in(text)  # words alone: what else there is means nothing
        having = set() if sought is None else {said for said in TEXTS if matches(words_of(said), sought)}
        assert {one["text"] for one in found.body["items"]} == having, text


async def test_without_escaping_a_wildcard_would_find_everybody(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    contains = ColumnOperators.icontains
    monkeypatch.setattr(ColumnOperators, "icontains", lambda self, other, **_: contains(self, other))
    found = await room.owner.get("/admin/users", params={"q": "%"})
    assert len(found.body["items"]) == 1 + len(NAMES)


@on_sqlite
async def test_in_every_path(api: Api, room: Room, record_property: Any) -> None:
    """What cannot be an id is not there, before anything is looked up."""
    before = await row_counts(api)
    sent = 0
    for route in ROUTES:
        for part in route.path_parts:
            for text in ("' OR '1'='1", "%", "1; DROP TABLE room", "..\\", "a\0b", "\n"):
                path = path_with(route, part, text)
                answer = await room.owner.request(route.method, path, allow_redirects=False)
                sent += 1
                assert answer.status == 404, (route.method, path, answer)
    assert await row_counts(api) == before
    record_property("counted", f"{sent} hostile texts in the routes' paths")


def path_with(route: AnyRoute, part: str, text: str) -> str:
    parts = {**dict.fromkeys(route.path_parts, "none"), part: quote(text, safe="")}
    return route.path.format_map(parts)


def forged_cursors() -> Iterator[str]:
    """As the lists of meetings, links and invitees make them, with hostile ids and times."""
    for id_ in ("' OR '1'='1", "%", "", "a\0"):
        yield urlsafe_b64encode(msgspec.json.encode(("2026-11-22T00:00:00Z", id_))).decode().rstrip("=")
    for time in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-22T00:00:00", "now()", None, 1):
        yield urlsafe_b64encode(msgspec.json.encode((time, "a"))).decode().rstrip("=")
    yield from ("W10", "bnVsbA", "e30", "====", "a", "\N{ARABIC-INDIC DIGIT ONE}")


@on_postgres
async def test_a_cursor_that_was_made_up_is_refused(room: Room) -> None:
    for path in ("/meetings", f"{room.path}/links", f"{room.path}/invitees"):
        for cursor in forged_cursors():
            answer = await room.owner.get(path, params={"cursor": cursor})
            assert answer.code == "bad_message", (path, cursor)


@on_sqlite
async def test_a_good_cursor_shows_ones_own_alone(api: Api, room: Room) -> None:
    """A cursor is a place in the list, and nothing that lets one in elsewhere."""
    await room.owner.given_meeting("Second")
    cursor = (await room.owner.get("/meetings", params={"limit": 1})).body["next"]
    bo = await api.given_user("bo@example.com", "Bo")
    assert (await bo.get("/meetings", params={"cursor": cursor})).body == {"items": [], "next": None}


@on_sqlite
async def test_nothing_is_sorted_or_filtered_by_what_the_types_do_not_name(room: Room) -> None:
    for route in ROUTES:
        if route.query is not None and route.name != "finish_sign_in":  # providers add parameters of their own
            for key in ("sort", "order", "order_by", "fields", "filter", "where", "limit[]", "q[$ne]", "role.x"):
                answer = await room.owner.get(path_of(route, room), params={key: "name"})
                assert answer.code == "bad_message", (route.name, key)
