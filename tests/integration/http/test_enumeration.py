"""Whether an address has an account is told by no answer and by no work that goes before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import delete, event

from meetserver.accounts.models import known_place
from meetserver.accounts.passwords import Passwords
from meetserver.database import Database
from tests.integration.http.conftest import PASSWORD, Answer, Api, Make

KNOWN, UNKNOWN = "ann@example.com", "bob@example.com"

CALLS = {
    "register": ("/auth/register", {"password": PASSWORD, "name": "Eve"}),
    "resend": ("/auth/verify/resend", {}),
    "forgot": ("/auth/password/forgot", {}),
    "login": ("/auth/login", {"password": "wrong horse battery"}),
}


@contextmanager
def noted_work(database: Database) -> Iterator[list[str]]:
    """Statements and password hashes, in order."""
    work: list[str] = []

    def note_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        work.append(statement)

    def note_digest(passwords: Passwords, password: str) -> bytes:
        work.append("password")
        return digest(passwords, password)

    engines = {database.writer.sync_engine, database.reader.sync_engine}
    digest = Passwords._digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passwords, "_digest", note_digest)
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note_statement)
        try:
            yield work
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note_statement)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("is_verified", [True, False])
async def test_known_and_unknown_addresses_are_answered_alike(make_api: Make, call: str, is_verified: bool) -> None:
    api = await make_api()
    if is_verified:
        await api.given_user(KNOWN)
        # Where its owner has signed in from, others share the place, and that it is known.
        await api.services.database.write(delete(known_place))
    else:
        await api.register(KNOWN)
        await api.mails(KNOWN)

    path, body = CALLS[call]
    answers: list[Answer] = []
    works: list[list[str]] = []
    # A first call of each kind prepares what is prepared once.
    for email in ("warm@example.com", KNOWN, UNKNOWN):
        with noted_work(api.services.database) as work:
            answers.append(await api.post(path, {"email": email, **body}))
        works.append([*work, *(kind for kind, _ in api.jobs.waiting)])
        await api.jobs.run()
    known, unknown = answers[1:]
    assert works[1] == works[2]
    assert works[1], "something was done"
    assert known.status == unknown.status
    assert _told(known, KNOWN) == _told(unknown, UNKNOWN)


def _told(answer: Answer, email: str) -> dict[str, Any]:
    """The body without what the caller said, and the request's own id."""
    return {name: value for name, value in answer.body.items() if name != "request_id" and value != email}


async def test_who_is_locked_out_is_told_so_whether_or_not_there_is_an_account(api: Api) -> None:
    await api.given_user(KNOWN)
    told = []
    for email in (KNOWN, UNKNOWN):
        answers = [await api.log_in(email, "wrong horse battery") for _ in range(7)]
        told.append([(answer.status, _told(answer, email)) for answer in answers])
    assert told[0] == told[1]
    assert told[0][-1][0] == 429


@pytest.mark.parametrize("path", ["/auth/password/reset", "/auth/verify", "/auth/email/confirm"])
async def test_a_made_up_link_costs_no_password_hash(api: Api, path: str) -> None:
    body = {"token": "made-up"} | ({"password": PASSWORD} if path.endswith("reset") else {})
    with noted_work(api.services.database) as work:
        assert (await api.post(path, body)).code == "not_found"
    assert "password" not in work
