"""What a call is told when too many wait for the database."""

import pytest

from meetserver import limits
from tests.integration.http.conftest import Api


async def test_a_call_too_many_is_refused_at_once_and_told_when_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await api.given_user()
    monkeypatch.setattr(limits, "DATABASE_WAITING", 0)
    refused = await ann.get("/meetings")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (503, "unavailable", "2")
    assert (await ann.get("//healthz")).status == 200, "which asks no database"
    monkeypatch.undo()
    assert (await ann.get("/meetings")).status == 200
