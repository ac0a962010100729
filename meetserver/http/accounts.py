"""/auth and /users."""

from msgspec import Struct

from meetserver.accounts.messages import (
    Login,
    PageSession,
    Refresh,
    Register,
    Registered,
    Resend,
    Tokens,
    User,
    Verify,
)
from meetserver.accounts.service import shown
from meetserver.errors import Unauthenticated
from meetserver.http.cookies import csrf_token, page_session
from meetserver.http.registry import AnyRoute, Call, Reply, Route


class Done(Struct, frozen=True):
    """It was done, or there was nothing to do: which of them is not told."""

    done: bool = True


async def register(call: Call[Register, None]) -> Registered:
    return await call.services.accounts.register(call.body)


async def verify(call: Call[Verify, None]) -> Done:
    await call.services.accounts.verify(call.body.token)
    return Done()


async def resend_verification(call: Call[Resend, None]) -> Done:
    await call.services.accounts.send_link_again(call.body.email)
    return Done()


async def login(call: Call[Login, None]) -> Reply[Tokens | PageSession]:
    accounts = call.services.accounts
    account = await accounts.authenticate(call.body)
    user_agent = call.request.headers.get("User-Agent", "")
    if not call.body.cookie:
        return Reply(await accounts.sessions.open_tokens(account.id, user_agent))
    # A session that this browser had before ends: its cookie is about to be overwritten.
    replaced = await page_session(call.request)
    if replaced is not None:
        await accounts.sessions.revoke(replaced)
    session = await accounts.sessions.open_page(account.id, user_agent)
    return Reply(PageSession(shown(account), csrf_token(call.request, session)), page_session=session)


async def refresh(call: Call[Refresh, None]) -> Tokens:
    return await call.services.accounts.sessions.refresh(call.body.refresh_token)


async def logout(call: Call[None, None]) -> Reply[None]:
    await call.services.accounts.sessions.revoke(call.caller.session)
    return Reply(None, page_session="" if call.caller.is_page else None)


async def read_csrf_token(call: Call[None, None]) -> PageSession:
    if not call.caller.is_page:
        raise Unauthenticated("this is for pages with a cookie session")
    return PageSession(shown(call.caller.account), csrf_token(call.request, call.caller.session))


async def read_me(call: Call[None, None]) -> User:
    return shown(call.caller.account)


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
        path="/auth/login",
        handler=login,
        action="auth.sign_in",
        body=Login,
        answer=Tokens | PageSession,
        problems=[401],
        tag="accounts",
        summary="Sign in, for tokens or (`cookie`: true) for a page's cookie session.",
    ),
    Route(
        method="POST",
        path="/auth/refresh",
        handler=refresh,
        action="auth.sign_in",
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
    Route(
        method="GET",
        path="/users/me",
        handler=read_me,
        action="account.read",
        answer=User,
        tag="accounts",
        summary="The caller's account.",
    ),
]
