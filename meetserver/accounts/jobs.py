"""Mails that anybody may ask for with an address: what is done depends on the account, so it is done after the answer.

Whoever asks gets the same answer after the same work, whether the address has an account or not: one row for a job.
"""

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import store
from meetserver.accounts.link_store import Purpose
from meetserver.accounts.means import Means
from meetserver.accounts.store import Account
from meetserver.messages import Json
from meetserver.ports import Origin, Sealer

MAIL_REQUEST = "accounts.mail_request"
"""The kind of the jobs that `MailRequests.run` handles."""

Enqueue: TypeAlias = Callable[[AsyncConnection, str, Json], Awaitable[object]]
"""Has a job of a kind run, with a payload, once the transaction commits."""


class MailRequest(Struct, frozen=True):
    """`new_user`: the id of a sign-up's account, if it made one."""

    what: Literal["sign_up", "verify", "reset"]
    email_key: str
    origin: Origin
    new_user: str = ""


class MailRequests:
    def __init__(self, means: Means, enqueue: Enqueue, sealer: Sealer) -> None:
        self._means = means
        self._enqueue = enqueue
        self._sealer = sealer

    async def ask(self, connection: AsyncConnection, request: MailRequest) -> None:
        """Have it answered once the transaction of `connection` commits. Sealed, for a job is kept when it is done."""
        sealed = self._sealer.seal(msgspec.json.encode(request), MAIL_REQUEST)
        await self._enqueue(connection, MAIL_REQUEST, b64encode(sealed).decode())

    async def run(self, payload: Json) -> None:
        """Send what there is to send; run twice, it sends nothing twice within a minute."""
        request = msgspec.json.decode(self._sealer.unseal(b64decode(payload), MAIL_REQUEST), type=MailRequest)
        account = await self._means.database.run(lambda connection: self._send(connection, request))
        await self._record(request, account)

    async def _send(self, connection: AsyncConnection, request: MailRequest) -> Account | None:
        account = await store.account_by_key(connection, request.email_key)
        if account is None or account.disabled_at is not None:
            return account
        if request.what == "reset":
            await self._send_reset(connection, account)
        elif account.verified_at is None:
            await self._send_verify(connection, account, request)
        elif request.what == "sign_up":
            await self._means.post(connection, "already_registered", account.email, {"name": account.name})
        return account

    async def _send_verify(self, connection: AsyncConnection, account: Account, request: MailRequest) -> None:
        """Who signs up with an address that somebody has signed up with before, and has not verified, is to choose a
        password by the mail: that of the first may be a stranger's. So it stays until the address is verified."""
        links = self._means.links
        is_again = request.what == "sign_up" and request.new_user != account.id
        # Then a link that verifies the stranger's password must not be the one that is opened, not for a minute either.
        throttled_by: list[Purpose] = ["invite"] if is_again else ["verify", "invite"]
        if not await links.may_send(connection, account, *throttled_by):
            return
        if is_again or await links.has_live(connection, account, "invite"):
            await links.forget(connection, account.id, "verify", "invite")
            await links.send(connection, account, "invite")
        else:
            await links.send(connection, account, "verify")

    async def _send_reset(self, connection: AsyncConnection, account: Account) -> None:
        """At most one such link of an account works."""
        links = self._means.links
        if await links.may_send(connection, account, "reset"):
            await links.forget(connection, account.id, "reset")
            await links.send(connection, account, "reset")

    async def _record(self, request: MailRequest, account: Account | None) -> None:
        security_log = self._means.security_log
        if request.what == "reset":
            subject = "" if account is None else account.id
            await security_log.record("password.reset_asked", request.origin, actor=None, subject=subject)
        elif account is not None and account.id == request.new_user:
            await security_log.record("account.registered", request.origin, actor=account.id, subject=account.id)
