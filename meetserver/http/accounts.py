"""Signing up, in and out, and what a mailed link is opened with."""

from msgspec import Struct

from meetserver.accounts.factor_messages import FactorChallenge
from meetserver.accounts.messages import (
    Forgot,
    Login,
    PageSession,
    Refresh,
    Register,
    Registered,
    Resend,
    Reset,
    Tokens,
    Verify,
)
from meetserver.accounts.service import shown
from meetserver.errors import Unauthenticated
from meetserver.http.cookies import csrf_token
from meetserver.http.factors import factor_challenge
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.http.signing_in import sign_in


class Done(Struct, frozen=True):
    """It was done, or there was nothing to do: which of them is not told."""

    done: bool = True


async def register(call: Call[Register, None]) -> Registered:
    return await call.services.accounts.sign_up.register(call.body, call.origin)


async def verify(call: Call[Verify, None]) -> Done:
    await call.services.accounts.sign_up.verify(call.body.token, call.origin)
    return Done()


async def resend_verification(call: Call[Resend, None]) -> Done:
    await call.services.accounts.sign_up.ask_again(call.body.email, call.origin)
    return Done()


async def forgot_password(call: Call[Forgot, None]) -> Done:
    await call.services.accounts.resets.forgot(call.body.email, call.origin)
    return Done()


async def reset_password(call: Call[Reset, None]) -> Done:
    await call.services.accounts.resets.reset(call.body.token, call.body.password, call.origin)
    return Done()


async def login(call: Call[Login, None]) -> Reply[Tokens | PageSession] | FactorChallenge:
    account = await call.services.accounts.authenticate(call.body, call.origin)
    challenge = await factor_challenge(call, account, "password")
    return challenge or await sign_in(call, account, ["password"], cookie=call.body.cookie)


async def refresh(call: Call[Refresh, None]) -> Tokens:
    return await call.services.accounts.sessions.refresh(call.body.refresh_token, call.origin)


async def logout(call: Call[None, None]) -> Reply[None]:
    await call.services.accounts.sessions.revoke(call.caller.session, call.origin)
    return Reply(None, page_session="" if call.caller.is_page else None)


async def read_csrf_token(call: Call[None, None]) -> PageSession:
    if not call.caller.is_page:
        raise Unauthenticated("this is for pages with a cookie session")
    return PageSession(shown(call.caller.account), csrf_token(call.request, call.caller.session))


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/auth/register",
        handler=register,
        action="auth.sign_up",
        body=Register,
        answer=Registered,
        status=201,
        tag="accounts",
        summary="Sign up. A known address gets the same answer, and a mail instead of an account.",
    ),
    Route(
        method="POST",
        path="/auth/verify",
        handler=verify,
        action="auth.sign_up",
        body=Verify,
        answer=Done,
        problems=[404],
        tag="accounts",
        summary="Confirm an e-mail address with the mailed link's last part, once.",
    ),
    Route(
        method="POST",
        path="/auth/verify/resend",
        handler=resend_verification,
        action="auth.sign_up",
        body=Resend,
        answer=Done,
        tag="accounts",
        summary="Mail the verification link again, at most once a minute.",
    ),
    Route(
        method="POST",
        path="/auth/password/forgot",
        handler=forgot_password,
        action="auth.recover",
        body=Forgot,
        answer=Done,
        tag="accounts",
        summary="Mail a link to set a new password, at most once a minute.",
    ),
    Route(
        method="POST",
        path="/auth/password/reset",
        handler=reset_password,
        action="auth.recover",
        body=Reset,
        answer=Done,
        problems=[404],
        tag="accounts",
        summary="Set a password with the last part of a reset's or an invitation's link, once. All sessions end.",
    ),
    Route(
        method="POST",
        path="/auth/login",
        handler=login,
        action="auth.sign_in",
        body=Login,
        answer=Tokens | PageSession | FactorChallenge,
        problems=[401],
        tag="accounts",
        summary="Sign in, for tokens or (`cookie`: true) for a page's cookie session; or be asked for a second factor.",
    ),
    Route(
        method="POST",
        path="/auth/refresh",
        handler=refresh,
        action="auth.sign_in",
        rate="write",
        body=Refresh,
        answer=Tokens,
        problems=[401],
        tag="accounts",
        summary="New tokens. The old refresh token may be repeated for ten seconds; later it ends the session.",
    ),
    Route(
        method="POST",
        path="/auth/logout",
        handler=logout,
        action="auth.sign_out",
        tag="accounts",
        summary="End the session that this request came with.",
    ),
    Route(
        method="GET",
        path="/auth/csrf",
        handler=read_csrf_token,
        action="account.sessions",
        answer=PageSession,
        tag="accounts",
        summary="Who the page's cookie session is, and the token for its X-CSRF-Token header.",
    ),
]
