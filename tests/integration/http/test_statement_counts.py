"""How many statements each GET of the API costs: as many for one item as for twenty (no N+1)."""

from typing import Final

import pytest

from tests.integration.http import statements
from tests.integration.http.conftest import Api
from tests.integration.http.given_items import given_items
from tests.integration.http.statements import statements_of
from tests.integration.http.walk import path_of, reads

uncached = statements.uncached

COUNTS: Final = {
    "/auth/csrf": 1,
    "/users/me": 1,
    "/users/me/factors": 4,
    "/auth/sessions": 2,
    "/users/me/tokens": 2,
    "/.well-known/jwks.json": 0,
    "/admin/users": 2,
    "/admin/users/{user_id}": 2,
    "/admin/access": 1,
    "/auth/oidc": 0,
    "/auth/oidc/{name}/start": 0,
    "/auth/oidc/{name}/callback": 0,
    "/users/me/identities": 2,
    "/users/me/export": 14,
    "/erasures/{erasure_id}": 1,
    "/meetings": 2,
    "/meetings/{meeting_id}": 2,
    "/meetings/{meeting_id}/door": 1,
    "/meetings/{meeting_id}/invitees": 3,
    "/meetings/{meeting_id}/links": 3,
    "/meetings/{meeting_id}/bans": 5,
    "/admin/ip-rules": 2,
    "/meetings/{meeting_id}/messages": 5,
    "/meetings/{meeting_id}/messages/export": 7,
    "/meetings/{meeting_id}/unread": 4,
    "/users/me/unread": 3,
    "/meetings/{meeting_id}/events": 6,
    "/meetings/{meeting_id}/state": 7,
    "/meetings/{meeting_id}/attendance": 6,
    "/meetings/{meeting_id}/attendance.csv": 6,
    "/meetings/{meeting_id}/minutes": 12,
    "/meetings/{meeting_id}/minutes.html": 12,
    "/meetings/{meeting_id}/whiteboard": 6,
    "/meetings/{meeting_id}/whiteboard.svg": 6,
    "/meetings/{meeting_id}/whiteboard.png": 6,
    "/meetings/{meeting_id}/whiteboard.pdf": 6,
    "/meetings/{meeting_id}/files": 5,
    "/files/{file_id}": 5,
    "/files/{file_id}/content": 5,
    "/files/{file_id}/thumbnail": 5,
    "/files/{file_id}/by/{key}": 0,
    "/files/{file_id}/parts": 5,
    "/files/direct/{direct_id}": 6,
    "/users/me/usage": 2,
    "/admin/files/usage": 7,
    "/admin/shards": 1,
    "/admin/rooms": 1,
    "/admin/rooms/{room_id}": 1,
    "/admin/security-log": 2,
    "/healthz": 0,
    "/readyz": 0,
}
"""Whoever makes one of them cost more says so here. Who asks costs one, and whether they may another."""


@pytest.mark.both_databases
@pytest.mark.parametrize("items", [1, 20])
async def test_a_list_costs_as_many_statements_for_one_item_as_for_twenty(api: Api, uncached: None, items: int) -> None:
    given = await given_items(api, items)
    counts = {}
    for route in reads():
        with statements_of(api.services.database) as sent:
            answer = await given.reader.get(path_of(route, given.parts), allow_redirects=False)
        assert answer.status < 500, answer
        counts[route.path] = len(sent)
    assert counts == COUNTS
