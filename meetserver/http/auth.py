"""Who calls: by bearer token, or by the page's cookie, which needs proof that our own page sent the request.
And whether they may: the access table's row of the route says it, as far as no meeting is in question.
"""

from aiohttp import web

from meetserver.access import Rule
from meetserver.accounts.personal import is_personal
from meetserver.accounts.sessions import Caller
from meetserver.errors import ConfirmFirst, Forbidden, Unauthenticated
from meetserver.http.cookies import has_csrf_token, page_session
from meetserver.http.origins import is_foreign
from meetserver.http.registry import SAFE_METHODS, AnyRoute
from meetserver.http.services import SERVICES, USER_ID


def check_origin(request: web.Request) -> None:
    """Refuse what a foreign page sends on a browser's behalf (also to /auth/login). Raises Forbidden.

    A request with an Authorization header is no such thing: browsers never add that header by themselves.
    """
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return
    if is_foreign(request, request.app[SERVICES].config):
        raise Forbidden("this page may not call this server")


async def authenticate(request: web.Request, route: AnyRoute) -> Caller | None:
    """The caller; None for a guest, a session of the room, and where nobody looks. Raises Unauthenticated."""
    if route.rule.is_open:
        return None
    header = request.headers.get("Authorization")
    if header is None:
        caller = await _page_caller(request)
    elif route.takes_room_token and room_token(request) is not None:
        return None  # the room's sessions are the handler's to know
    else:
        caller = await _token_caller(request, header)
    if caller is not None:
        request[USER_ID] = caller.user
    elif not route.takes_guests:
        raise Unauthenticated("sign in first")
    return caller


def authorize(caller: Caller | None, rule: Rule) -> None:
    """Whether this caller may begin. Raises Forbidden, ConfirmFirst. What depends on a meeting is its service's."""
    if caller is None:
        return
    if not rule.is_by_meeting and rule.roles.isdisjoint(caller.roles):
        raise Forbidden("your roles do not allow this")
    if caller.scopes is not None:
        if rule.scope is None:
            raise Forbidden("this cannot be done with a personal access token")
        if rule.scope not in caller.scopes:
            raise Forbidden(f"the token lacks the scope {rule.scope}")
    elif rule.confirm and not caller.is_confirmed:
        raise ConfirmFirst("confirm that it is still you first: POST /auth/confirm")


def room_token(request: web.Request) -> str | None:
    """The resume token of `Authorization: Session <token>`; of what is no text, what is no token either."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode(errors="replace").decode() if scheme.lower() == "session" else None


async def _token_caller(request: web.Request, header: str) -> Caller:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("the Authorization header must be `Bearer` and a token")
    accounts, token = request.app[SERVICES].accounts, token.strip()
    if is_personal(token):
        return await accounts.personal.caller(token)
    return await accounts.sessions.caller_of_token(token)


async def _page_caller(request: web.Request) -> Caller | None:
    session = await page_session(request)
    if session is None:
        return None
    caller = await request.app[SERVICES].accounts.sessions.caller_of_page(session)
    if caller is not None and request.method not in SAFE_METHODS and not has_csrf_token(request, session):
        raise Forbidden("the X-CSRF-Token header is missing or not this session's")
    return caller
