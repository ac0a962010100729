"""The last step of every way to sign in: the session, its cookie, and the line in the security log."""

from collections.abc import Sequence

from msgspec import structs

from meetserver.accounts.messages import PageSession, Tokens
from meetserver.accounts.service import WRONG, shown
from meetserver.accounts.store import Account
from meetserver.errors import Unauthenticated, refused
from meetserver.http.cookies import csrf_token, page_session
from meetserver.http.registry import AnyCall, Reply


async def sign_in(
    call: AnyCall, account: Account, methods: Sequence[str], *, cookie: bool
) -> Reply[Tokens | PageSession]:
    """Open a session for `account`, whose owner has just shown who they are by `methods` (password, totp, recovery,
    passkey, oidc). `cookie`: for a page, whose browser is known again from then on; else tokens.

    Raises Unauthenticated for a disabled account, as if the password had been wrong; Forbidden for an address that
    the server's rules keep out.
    """
    services = call.services
    if account.disabled_at is not None:
        await services.security_log.record(
            "login.failed", call.origin, actor=None, subject=account.id, reason="disabled"
        )
        raise Unauthenticated(WRONG)
    refusal = services.ip_rules.refusal(call.origin.address, account.roles)
    if refusal is not None:
        await services.security_log.record(
            "ip.refused", call.origin, actor=account.id, subject=account.id, rules="server"
        )
        raise refused(refusal)
    origin = call.origin
    if cookie and not origin.visitor:
        origin = structs.replace(origin, visitor=services.random.id())
    opened = _open_page(call, account, methods, origin.visitor) if cookie else _open_tokens(call, account, methods)
    reply = await opened
    await services.accounts.guard.remember(account.id, origin)
    await services.security_log.record(
        "login.succeeded", call.origin, actor=account.id, subject=account.id, methods=",".join(methods)
    )
    return reply


async def _open_tokens(call: AnyCall, account: Account, methods: Sequence[str]) -> Reply[Tokens | PageSession]:
    return Reply(await call.services.accounts.sessions.open_tokens(account.id, call.origin, methods, seen=account))


async def _open_page(
    call: AnyCall, account: Account, methods: Sequence[str], visitor: str
) -> Reply[Tokens | PageSession]:
    """A session that this browser had before ends: its cookie is about to be overwritten."""
    sessions = call.services.accounts.sessions
    replaced = await page_session(call.request)
    if replaced is not None:
        await sessions.revoke(replaced, call.origin)
    session = await sessions.open_page(account.id, call.origin, methods, seen=account)
    return Reply(PageSession(shown(account), csrf_token(call.request, session)), page_session=session, visitor=visitor)
