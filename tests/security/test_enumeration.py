"""Whether an address has an account is told by no header and by no time either. Status, body and the work that goes
before: tests/integration/http/test_enumeration.py."""

from typing import Any

import pytest
from sqlalchemy import delete

from meetserver.accounts.models import attempt, known_place
from meetserver.accounts.passwords import Passwords
from tests.integration.http.conftest import Api, Make
from tests.integration.http.test_enumeration import CALLS, KNOWN, UNKNOWN, noted_work
from tests.integration.http.test_hidden import told
from tests.security.timing import SAME_WITHIN, difference

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def api(make_api: Make) -> Api:
    api = await make_api(rate_factor=0)
    await api.given_user(KNOWN)
    await api.services.database.write(delete(known_place))
    return api


@on_sqlite
async def test_headers(api: Api) -> None:
    for path, body in CALLS.values():
        known, unknown = [await api.post(path, {"email": email, **body}) for email in (KNOWN, UNKNOWN)]
        assert told(known)[2] == told(unknown)[2], path


@on_sqlite
async def test_time(api: Api, record_property: Any) -> None:
    async def forget_attempts() -> None:
        await api.services.database.write(delete(attempt))
        api.jobs.waiting.clear()

    found = {}
    for name, (path, body) in CALLS.items():
        found[name] = await difference(
            lambda path=path, body=body: api.post(path, {"email": KNOWN, **body}),  # type: ignore[misc]
            lambda path=path, body=body: api.post(path, {"email": UNKNOWN, **body}),  # type: ignore[misc]
            before_each=forget_attempts,
        )
    shown = ", ".join(f"{what} {100 * part:.1f} %" for what, part in found.items())
    record_property("counted", f"known and unknown addresses differ in time by: {shown}")
    assert max(found.values()) < SAME_WITHIN, shown


@on_sqlite
async def test_without_the_stand_in_the_missing_hash_would_tell(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Passwords.check

    async def without_stand_in(passwords: Passwords, password: str, stored: str | None) -> bool:
        return stored is not None and await check(passwords, password, stored)

    async def hashes(email: str) -> int:
        with noted_work(api.services.database) as work:
            assert (await api.log_in(email, "wrong horse battery")).status == 401
        return work.count("password")

    assert await hashes(KNOWN) == await hashes(UNKNOWN) == 1
    monkeypatch.setattr(Passwords, "check", without_stand_in)
    assert await hashes(KNOWN) > await hashes(UNKNOWN)
