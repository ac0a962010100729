"""What stands in a URL ends up in histories, logs and referrers: no secret does but those of single-purpose links."""

import re
from typing import Final

import msgspec
import pytest

from meetserver.http.documents import document_routes
from meetserver.http.pages import WEB, page_routes
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES

SECRET: Final = re.compile(r"password|passcode|secret|token|ticket|code|totp|csrf|resume|session$|key", re.IGNORECASE)
ON_PURPOSE: Final = {
    # A provider's: worth nothing without the browser that asked, used once (OpenID Connect Core 1.0, 3.1.2.5).
    "GET /auth/oidc/{name}/callback: code",
    # For what cannot send headers: of one file, for an hour.
    "GET /files/{file_id}/by/{key}: key",
}
LINKS: Final = {
    "/m/{meeting_id}/{secret}",
    "/verify/{token}",
    "/reset/{token}",
    "/invite/{token}",
    "/email/{token}",
}
"""Pages that a link in a mail or a guest link opens; they send what they hold in a body."""


def in_the_url(route: AnyRoute) -> set[str]:
    names = set(route.path_parts)
    if route.query is not None:
        names |= {field.encode_name for field in msgspec.structs.fields(route.query)}
    return names


def test_calls_have_secrets_in_their_bodies_alone() -> None:
    named = [(f"{route.method} {route.path}: {name}", name) for route in ROUTES for name in in_the_url(route)]
    assert {where for where, name in named if SECRET.search(name) and not name.endswith("_id")} == ON_PURPOSE


def test_pages_have_secrets_of_one_purpose() -> None:
    paths = {route.path for route in page_routes() if hasattr(route, "path")}
    assert {path for path in paths if SECRET.search(path)} <= LINKS


@pytest.mark.parametrize("name", ["access_token", "new_password", "resume", "passcode", "api_key"])
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert SECRET.search(name)


def test_what_everybody_may_read_is_that_on_purpose() -> None:
    """docs/security/data.md names it. A page for monitoring or debugging would show here."""
    calls = {route.path for route in ROUTES if route.rule.is_open and route.method == "GET"}
    assert calls == {
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/auth/oidc",
        "/auth/oidc/{name}/start",
        "/auth/oidc/{name}/callback",
        "/erasures/{erasure_id}",
        "/meetings/{meeting_id}/door",
        "/files/{file_id}/by/{key}",
    }
    documents = {route.path for route in document_routes(WEB) if hasattr(route, "path")}
    assert documents == {"/docs", "/api/v1/openapi.json", "/api/v1/asyncapi.json"}
