"""Line ends, control characters and what turns text around, in every text that can be sent: none comes out again where
it would break a line or deceive, and none adds a header to an answer or a mail.

What is asked for here is asked of every field that the routes' types have, new ones too.
"""

import logging
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any, Final

import msgspec
import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES
from meetserver.mail.message import build_message
from meetserver.mail.models import outbox
from meetserver.mail.outbox import about
from meetserver.meetings import invitees
from meetserver.ports import Mail
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make
from tests.integration.http.test_users import given_admin
from tests.security.fields import Path, plain_text, strings, text_fields, value_with

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOSTILE: Final = ("\r\nX-Injected: yes", "\n", "\0", "\x1b[2J", "\u2028", "\u202e")
MANY_LINES: Final = frozenset({"description", "label", "note"})
"""Fields that may have more than one line: they are shown as text alone, and reach no header, log or mail."""
MAIL_HEADERS: Final = {
    "from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type",
    "content-transfer-encoding",
}  # fmt: skip


def hostile_texts(path: Path) -> Iterator[str]:
    plain = plain_text(path)
    # What a passkey says is for the library that reads it: it is all one to all of its fields and routes.
    yield from (plain + part for part in (HOSTILE[:2] if path[0] == "passkey" else HOSTILE))
    if "@" in plain:
        yield from (plain.replace("@", f"{part}@") for part in HOSTILE)


def is_plain(text: str) -> bool:
    """Whether it is one line that reads in the order in which it is written."""
    return all(
        unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} and not "\u202a" <= char <= "\u202e" for char in text
    )


def broken_lines(answer: Answer, many_lines: frozenset[str] = MANY_LINES) -> list[str]:
    """Texts in the answer that are not as they should be, its headers' too."""
    shown = [*strings(answer.body), *answer.headers.items()]
    found = [f"{name}: {text!r}" for name, text in shown if name not in many_lines and not is_plain(text)]
    return found + [name for name in answer.headers if name == "X-Injected"]


async def everybody(api: Api) -> tuple[Api, dict[str, str]]:
    """An administrator who has one of each thing, and the ids of these."""
    admin = await given_admin(api)
    other = await api.given_user("other@example.com", "Other")
    meeting = (await admin.given_meeting())["id"]
    invited = await admin.post(f"/meetings/{meeting}/invitees", {"email": "invited@example.com"})
    token = await admin.post("/users/me/tokens", {"name": "Script", "scopes": ["profile:read"]})
    return admin, {
        "meeting_id": meeting,
        "invitee_id": invited.body["id"],
        "token_id": token.body["id"],
        "user_id": (await other.get("/users/me")).body["id"],
    }


async def send(who: Api, ids: dict[str, str], route: AnyRoute, path: Path, text: str, *, is_query: bool) -> Answer:
    where = route.path.format_map({part: ids.get(part, "none") for part in route.path_parts})
    value = value_with(route.query if is_query else route.body, path, text)
    options: dict[str, Any] = {"params": value} if is_query else {"body": value}
    return await who.request(route.method, where, **options, allow_redirects=False)


def places() -> Iterator[tuple[AnyRoute, Path, bool]]:
    """Everywhere in the API where a text can be put: route, place, and whether that is in the query."""
    for route in ROUTES:
        for type_, is_query in ((route.body, False), (route.query, True)):
            if type_ is not None:
                yield from ((route, path, is_query) for path in text_fields(type_))


@pytest.fixture
async def api(make_api: Make, monkeypatch: pytest.MonkeyPatch) -> Api:
    """One that does not tire of wrong passwords."""
    monkeypatch.setattr(limits, "FREE_ATTEMPTS", 200)
    return await make_api(rate_factor=0, access_token_life_s=3600)


@on_sqlite
async def test_in_every_field(api: Api, caplog: pytest.LogCaptureFixture, record_property: Any) -> None:
    caplog.set_level(logging.DEBUG, "meetserver")
    admin, ids = await everybody(api)
    wrong, sent = [], 0
    for route, path, is_query in places():
        for text in hostile_texts(path):
            answer = await send(admin, ids, route, path, text, is_query=is_query)
            sent += 1
            if answer.status >= 500 or broken_lines(answer):
                wrong.append(f"{route.method} {route.path} {path} {text!r}: {answer.status} {broken_lines(answer)}")
    assert wrong == []
    for record in caplog.records:
        assert not record.name.startswith("meetserver") or is_plain(record.getMessage()), record
    for event in api.recorded:
        assert all(is_plain(text) for _, text in strings(msgspec.to_builtins(event))), event
    mails = await all_mails(api)
    for mail in mails:
        assert_plain_headers(mail)
    record_property("counted", f"{sent} hostile texts in {len(list(places()))} fields, {len(mails)} mails of them")


@on_sqlite
async def test_without_its_check_a_name_would_break_a_line(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The types alone let a line end through at the end: `$` stands before it, too."""
    admin, ids = await everybody(api)
    route = next(route for route in ROUTES if route.name == "update_invitee")
    refused = await send(admin, ids, route, ("name",), "text\n", is_query=False)
    assert (refused.code, broken_lines(refused)) == ("bad_message", [])
    monkeypatch.setattr(invitees, "clean_name", lambda name: name)
    assert broken_lines(await send(admin, ids, route, ("name",), "text\n", is_query=False)) == [r"name: 'text\n'"]


@on_sqlite
async def test_in_a_user_agent(api: Api) -> None:
    """It stands in the security log and in the list of one's devices."""
    await api.given_user()
    headers = {"User-Agent": "Fire\u202efox\x85\u2028"}
    answer = await api.post("/auth/login", {"email": "ann@example.com", "password": PASSWORD}, headers=headers)
    ann = api.signed_in(answer.body["access_token"])
    assert broken_lines(await ann.get("/users/me/sessions")) == []
    assert api.recorded[-1].origin.user_agent == "Firefox"


async def all_mails(api: Api) -> list[Mail]:
    await api.jobs.run()
    rows = await api.services.database.fetch(select(outbox.c.id, outbox.c.payload))
    return [msgspec.json.decode(api.services.keys.unseal(row.payload, about(row.id)), type=Mail) for row in rows]


def assert_plain_headers(mail: Mail) -> None:
    """As the next server reads them."""
    written = build_message(mail, "Meetings <noreply@example.com>", datetime(2026, 11, 22, tzinfo=UTC)).as_bytes()
    read = message_from_bytes(written)
    assert {name.lower() for name in read} <= MAIL_HEADERS
    assert len(read.get_all("To", [])) == 1
    assert b"X-Injected" not in written.partition(b"\r\n\r\n")[0]
