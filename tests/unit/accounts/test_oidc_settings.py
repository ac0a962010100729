"""Providers are checked when the server starts, with a sentence that says what is wrong."""

from typing import Any

import pytest

from meetserver.accounts.oidc_settings import is_fit, read_providers
from meetserver.errors import ConfigError

CORP: dict[str, Any] = {"name": "corp", "issuer": "https://id.example", "client_id": "meet"}


def test_a_provider_needs_little() -> None:
    (provider,) = read_providers([CORP])
    assert provider.scopes == ("openid", "profile", "email")
    assert not provider.link_by_verified_email


@pytest.mark.parametrize(
    "raw",
    [
        [{"name": "corp"}],
        [{**CORP, "secret": "mistyped"}],
        [{**CORP, "name": "Corp/../"}],
        [{**CORP, "group_roles": {"everybody": "member"}}],
        [{**CORP, "scopes": ["email"]}],
        [{**CORP, "issuer": "http://id.example"}],
        [{**CORP, "issuer": "file:///etc/passwd"}],
        [CORP, {**CORP, "issuer": "https://other.example"}],
        [CORP, {**CORP, "name": "other"}],
    ],
    ids=str,
)
def test_a_mistake_stops_the_start(raw: list[dict[str, Any]]) -> None:
    with pytest.raises(ConfigError, match="MEET_OIDC_PROVIDERS"):
        read_providers(raw)


@pytest.mark.parametrize(
    "url", ["https://id.example", "http://localhost:8080/realm", "http://127.0.0.1", "http://[::1]:1"]
)
def test_secrets_go_over_tls_or_stay_on_this_machine(url: str) -> None:
    assert is_fit(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example",
        "http://10.0.0.1",
        "ftp://id.example",
        "https://",
        "https://u:p@id.example",
        "https://[",
        None,
    ],
)
def test_and_nowhere_else(url: object) -> None:
    assert not is_fit(url)
