"""Second factors and passkeys: at sign-in, and in the account's settings."""

from urllib.parse import urlsplit

from meetserver.accounts.factor_messages import (
    FactorChallenge,
    FactorLogin,
    Factors,
    Passkey,
    PasskeyAdd,
    PasskeyAdded,
    PasskeyChallenge,
    PasskeyLogin,
    PasskeyRename,
    RecoveryCodes,
    TotpConfirm,
    TotpSecret,
)
from meetserver.accounts.messages import PageSession, Tokens
from meetserver.accounts.store import Account
from meetserver.accounts.webauthn import Site
from meetserver.http.peer import base_url
from meetserver.http.registry import AnyCall, AnyRoute, Call, Reply, Route
from meetserver.http.signing_in import sign_in

# A browser leaves them out of its Origin.
USUAL_PORTS = {"http": 80, "https": 443}


def site_of(call: AnyCall) -> Site:
    """Passkeys are bound to the public URL's host; where none is set, to the host that the browser asked for."""
    url = urlsplit(base_url(call.request, call.services.config))
    host, is_usual = url.hostname or "", url.port in (None, USUAL_PORTS.get(url.scheme))
    return Site(host, f"{url.scheme}://{host}" if is_usual else f"{url.scheme}://{host}:{url.port}")


async def factor_challenge(call: AnyCall, account: Account, first: str) -> FactorChallenge | None:
    """What is still asked of this account after its owner has shown who they are by `first`; None: nothing."""
    return await call.services.factors.challenge(account, site_of(call), first)


async def log_in_by_factor(call: Call[FactorLogin, None]) -> Reply[Tokens | PageSession]:
    account, methods = await call.services.factors.sign_in(call.body, site_of(call), call.origin)
    return await sign_in(call, account, methods, cookie=call.body.cookie)


async def ask_for_passkey(call: Call[None, None]) -> PasskeyChallenge:
    return await call.services.factors.passkey_options(site_of(call))


async def log_in_by_passkey(call: Call[PasskeyLogin, None]) -> Reply[Tokens | PageSession]:
    account = await call.services.factors.sign_in_by_passkey(call.body, site_of(call), call.origin)
    call.services.accounts.refuse_unverified(account)
    return await sign_in(call, account, ["passkey"], cookie=call.body.cookie)


async def ask_for_own_passkey(call: Call[None, None]) -> PasskeyChallenge:
    return await call.services.factors.passkey_options(site_of(call), call.caller.user)


async def read_factors(call: Call[None, None]) -> Factors:
    return await call.services.factor_settings.read(call.caller.account)


async def begin_totp(call: Call[None, None]) -> TotpSecret:
    return await call.services.factor_settings.begin_totp(call.caller.account)


async def confirm_totp(call: Call[TotpConfirm, None]) -> RecoveryCodes:
    return await call.services.factor_settings.confirm_totp(call.caller.account, call.body.totp, call.origin)


async def remove_totp(call: Call[None, None]) -> None:
    await call.services.factor_settings.remove_totp(call.caller.account, call.origin)


async def renew_recovery_codes(call: Call[None, None]) -> RecoveryCodes:
    return await call.services.factor_settings.renew_codes(call.caller.account, call.origin)


async def begin_passkey(call: Call[None, None]) -> PasskeyChallenge:
    return await call.services.factor_settings.begin_passkey(call.caller.account, site_of(call))


async def add_passkey(call: Call[PasskeyAdd, None]) -> PasskeyAdded:
    return await call.services.factor_settings.add_passkey(call.caller.account, call.body, site_of(call), call.origin)


async def rename_passkey(call: Call[PasskeyRename, None]) -> Passkey:
    settings = call.services.factor_settings
    return await settings.rename_passkey(call.caller.account, call.part("passkey_id"), call.body.name)


async def remove_passkey(call: Call[None, None]) -> None:
    await call.services.factor_settings.remove_passkey(call.caller.account, call.part("passkey_id"), call.origin)


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/auth/login/factor",
        handler=log_in_by_factor,
        action="auth.sign_in",
        body=FactorLogin,
        answer=Tokens | PageSession,
        problems=[401],
        tag="accounts",
        summary="Answer the challenge that /auth/login gave: an app's code, a recovery code, or a passkey.",
    ),
    Route(
        method="POST",
        path="/auth/passkey/options",
        handler=ask_for_passkey,
        action="auth.sign_in",
        answer=PasskeyChallenge,
        tag="accounts",
        summary="Begin to sign in without a password: what the browser asks for a passkey with.",
    ),
    Route(
        method="POST",
        path="/auth/passkey",
        handler=log_in_by_passkey,
        action="auth.sign_in",
        body=PasskeyLogin,
        answer=Tokens | PageSession,
        problems=[401],
        tag="accounts",
        summary="Sign in by a passkey whose authenticator has verified its owner.",
    ),
    Route(
        method="POST",
        path="/auth/confirm/passkey",
        handler=ask_for_own_passkey,
        action="account.confirm",
        answer=PasskeyChallenge,
        tag="accounts",
        summary="What the browser asks for one of the account's passkeys with, for /auth/confirm.",
    ),
    Route(
        method="GET",
        path="/users/me/factors",
        handler=read_factors,
        action="account.factors",
        answer=Factors,
        tag="accounts",
        summary="The account's second factors and passkeys.",
    ),
    Route(
        method="POST",
        path="/users/me/factors/totp",
        handler=begin_totp,
        action="account.secure",
        answer=TotpSecret,
        status=201,
        problems=[409],
        tag="accounts",
        summary="A secret for an authenticator app, shown once. It counts once a code was confirmed.",
    ),
    Route(
        method="POST",
        path="/users/me/factors/totp/confirm",
        handler=confirm_totp,
        action="account.secure",
        body=TotpConfirm,
        answer=RecoveryCodes,
        problems=[409],
        tag="accounts",
        summary="The app's first code: from now on it is asked for. With a first factor come recovery codes.",
    ),
    Route(
        method="DELETE",
        path="/users/me/factors/totp",
        handler=remove_totp,
        action="account.secure",
        problems=[404],
        tag="accounts",
        summary="Take the authenticator app away.",
    ),
    Route(
        method="POST",
        path="/users/me/factors/recovery-codes",
        handler=renew_recovery_codes,
        action="account.secure",
        answer=RecoveryCodes,
        problems=[409],
        tag="accounts",
        summary="New recovery codes, shown once; the old ones hold no more.",
    ),
    Route(
        method="POST",
        path="/users/me/passkey-options",
        handler=begin_passkey,
        action="account.secure",
        answer=PasskeyChallenge,
        tag="accounts",
        summary="Begin to add a passkey: what the browser makes one with.",
    ),
    Route(
        method="POST",
        path="/users/me/passkeys",
        handler=add_passkey,
        action="account.secure",
        body=PasskeyAdd,
        answer=PasskeyAdded,
        status=201,
        problems=[409],
        tag="accounts",
        summary="Add the passkey that the browser made. It is a second factor, and signs in without a password.",
    ),
    Route(
        method="PATCH",
        path="/users/me/passkeys/{passkey_id}",
        handler=rename_passkey,
        action="account.secure",
        body=PasskeyRename,
        answer=Passkey,
        tag="accounts",
        summary="Give a passkey another name.",
    ),
    Route(
        method="DELETE",
        path="/users/me/passkeys/{passkey_id}",
        handler=remove_passkey,
        action="account.secure",
        problems=[409],
        tag="accounts",
        summary="Take a passkey away; never the last way to sign in.",
    ),
]
