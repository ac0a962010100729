"""The caller's own account: what it says of them, its password, its address, and that it is still them."""

from datetime import timedelta

from meetserver import limits
from meetserver.accounts.factor_messages import Confirm
from meetserver.accounts.messages import ChangeEmail, ChangePassword, Confirmed, EmailChange, ProfilePatch, User, Verify
from meetserver.accounts.service import shown
from meetserver.accounts.store import Account
from meetserver.errors import BadMessage, ConfirmFirst
from meetserver.http.accounts import Done
from meetserver.http.decoding import expected_version, version_etag
from meetserver.http.factors import site_of
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.wire import timestamp


async def read_me(call: Call[None, None]) -> Reply[User]:
    return _reply(call.caller.account)


async def update_me(call: Call[ProfilePatch, None]) -> Reply[User]:
    profiles, version = call.services.accounts.profiles, expected_version(call.request)
    return _reply(await profiles.update(call.caller.account, call.body, version, call.origin))


async def confirm(call: Call[Confirm, None]) -> Confirmed:
    accounts, caller = call.services.accounts, call.caller
    if call.body.password is None:
        method = await call.services.factors.check(caller.account, call.body, site_of(call), call.origin)
    elif call.body.totp or call.body.recovery_code or call.body.passkey:
        raise BadMessage("give exactly one of password, totp, recovery_code, passkey")
    else:
        await accounts.check_password(caller.account, call.body.password, call.origin)
        method = "password"
    await accounts.sessions.confirm(caller.session, [method])
    await call.services.security_log.record(
        "session.confirmed", call.origin, actor=caller.user, subject=caller.session, method=method
    )
    return Confirmed(timestamp(call.services.clock.now() + timedelta(seconds=limits.CONFIRM_LIFE_S)))


async def change_password(call: Call[ChangePassword, None]) -> Done:
    accounts, caller = call.services.accounts, call.caller
    if call.body.current_password is not None:
        await accounts.check_password(caller.account, call.body.current_password, call.origin)
    elif not caller.is_confirmed:
        raise ConfirmFirst("give the current password, or confirm that it is still you first: POST /auth/confirm")
    await accounts.resets.change(caller.account, call.body.new_password, session=caller.session, origin=call.origin)
    return Done()


async def change_email(call: Call[ChangeEmail, None]) -> EmailChange:
    await call.services.accounts.profiles.ask_for_email(call.caller.account, call.body.email)
    return EmailChange("waiting")


async def confirm_email(call: Call[Verify, None]) -> EmailChange:
    is_changed = await call.services.accounts.profiles.confirm_email(call.body.token, call.origin)
    return EmailChange("changed" if is_changed else "waiting")


def _reply(account: Account) -> Reply[User]:
    return Reply(shown(account), version_etag(account.version))


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/users/me",
        handler=read_me,
        action="account.read",
        answer=User,
        tag="accounts",
        summary="The caller's account.",
    ),
    Route(
        method="PATCH",
        path="/users/me",
        handler=update_me,
        action="account.update",
        body=ProfilePatch,
        answer=User,
        if_match=True,
        tag="accounts",
        summary="Change the caller's name or time zone.",
    ),
    Route(
        method="POST",
        path="/users/me/password",
        handler=change_password,
        action="account.password",
        body=ChangePassword,
        answer=Done,
        tag="accounts",
        summary="Change the password. The other sessions and all mailed links end.",
    ),
    Route(
        method="POST",
        path="/users/me/email",
        handler=change_email,
        action="account.secure",
        rate="recover",
        body=ChangeEmail,
        answer=EmailChange,
        tag="accounts",
        summary="Mail a link to the new address and to the old one; the address changes when both were opened.",
    ),
    Route(
        method="POST",
        path="/auth/email/confirm",
        handler=confirm_email,
        action="auth.recover",
        body=Verify,
        answer=EmailChange,
        problems=[404, 409],
        tag="accounts",
        summary="Open one of the two links of a change of address, once.",
    ),
    Route(
        method="POST",
        path="/auth/confirm",
        handler=confirm,
        action="account.confirm",
        body=Confirm,
        answer=Confirmed,
        tag="accounts",
        summary="Show that it is still you, by the password or a factor: for some minutes the session may do more.",
    ),
]
