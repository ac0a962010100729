"""OpenID Connect providers as the operator configures them: MEET_OIDC_PROVIDERS, a list of these."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.access import GrantedRole
from meetserver.errors import ConfigError


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`issuer` is trusted for what it says about its users, and for the addresses of its endpoints.

    `group_roles`: groups in the claim `group_claim`, and the role that each gives for as long as one is in it.
    `link_by_verified_email`: whoever the provider says has an address signs in to the account of that address.
    `sign_up`: an account is made for whoever has none; unset: as MEET_REGISTRATION has it.
    `trusted`: its sign-in is enough, also for accounts with a second factor; else that is asked for as well.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9]{1,32}$")]
    title: Annotated[str, Meta(min_length=1, max_length=80)] = ""
    issuer: Annotated[str, Meta(min_length=1, max_length=limits.OIDC_ISSUER_CHARS)]
    client_id: Annotated[str, Meta(min_length=1, max_length=200)]
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    group_claim: str = "groups"
    group_roles: dict[str, GrantedRole] = {}
    link_by_verified_email: bool = False
    sign_up: bool | None = None
    trusted: bool = True

    @property
    def shown(self) -> str:
        """What people read."""
        return self.title or self.name

    @property
    def grants_as(self) -> str:
        """Stands as `granted_by` at roles that its groups gave, to tell them from those that people gave."""
        return f"oidc:{self.name}"


def read_providers(raw: Sequence[dict[str, Any]]) -> list[Provider]:
    """Raises ConfigError with a sentence that names the setting."""
    try:
        providers = msgspec.convert(raw, list[Provider])
    except msgspec.ValidationError as error:
        raise ConfigError(f"MEET_OIDC_PROVIDERS: {error}") from None
    if len({provider.name for provider in providers}) < len(providers):
        raise ConfigError("MEET_OIDC_PROVIDERS: two providers have the same name")
    if len({provider.issuer for provider in providers}) < len(providers):
        raise ConfigError("MEET_OIDC_PROVIDERS: two providers have the same issuer")
    for provider in providers:
        if not is_fit(provider.issuer):
            raise ConfigError(f"MEET_OIDC_PROVIDERS: {provider.issuer} is no https:// address without query")
        if "openid" not in provider.scopes:
            raise ConfigError(f"MEET_OIDC_PROVIDERS: the scopes of {provider.name} lack openid")
    return providers


def is_fit(url: object) -> bool:
    """Whether secrets may go there: https, or plain http to this very machine."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or not parts.hostname or parts.fragment or parts.username or (parts.port or 1) < 1:
            return False
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
