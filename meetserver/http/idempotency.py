"""Idempotency-Key: the same POST sent twice is carried out once, and gets the first answer both times.

A key is claimed by a row before the handler runs, so that of two requests at once, in whichever processes, one acts
and the other waits. Only successes are kept: a refusal changed nothing, and may be another one next time.
If the process dies between its work and keeping the answer, the claim runs out and a retry acts again.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from meetserver import limits
from meetserver.errors import Conflict
from meetserver.http import store
from meetserver.http.services import Services
from meetserver.http.store import ClaimKey, ClaimRow

POLL_S = 0.05


class Answer(Struct, frozen=True):
    """A response before it is one: what is kept and given again."""

    status: int
    headers: dict[str, str]
    body: bytes
    page_session: str | None = None
    visitor: str | None = None


async def once(services: Services, key: ClaimKey, body: bytes, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """`act`'s answer, or the one that an earlier request with this key got. Raises Conflict, and what `act` raises.

    `body` is the request's, in one normal form. Its keyed hash is kept, because it may hold a password.
    """
    body_hash = hmac.digest(services.keys.derive("idempotency"), body, hashlib.sha256)
    me = services.random.id()
    deadline = asyncio.get_running_loop().time() + limits.IDEMPOTENCY_WAIT_S
    while True:
        row = await _claim(services, key, body_hash, me)
        if row.claimed_by == me:
            return await _act(services, key, me, act)
        if not hmac.compare_digest(row.body_hash, body_hash):
            raise Conflict("this Idempotency-Key was used with another body")
        if row.response is not None:
            return msgspec.json.decode(services.keys.unseal(row.response, _about(key)), type=Answer)
        if asyncio.get_running_loop().time() >= deadline:
            raise Conflict("the first request with this Idempotency-Key is still under way", retry_after_s=1)
        await asyncio.sleep(POLL_S)


async def _claim(services: Services, key: ClaimKey, body_hash: bytes, me: str) -> ClaimRow:
    """The key's row as it then stands: mine, or whoever was first."""
    now = services.clock.now()
    wanted = ClaimRow(
        body_hash=body_hash,
        claimed_by=me,
        claimed_until=now + timedelta(seconds=limits.IDEMPOTENCY_CLAIM_S),
        expires_at=now + timedelta(seconds=limits.IDEMPOTENCY_LIFE_S),
    )
    while True:
        try:
            return await services.database.run(lambda c: store.claim(c, key, wanted, now))
        except IntegrityError:
            continue  # two inserted at once: now there is a row to read


async def _act(services: Services, key: ClaimKey, me: str, act: Callable[[], Awaitable[Answer]]) -> Answer:
    try:
        answer = await act()
    except BaseException:
        await asyncio.shield(services.database.run(lambda c: store.release_claim(c, key, me)))
        raise
    response = services.keys.seal(msgspec.json.encode(answer), _about(key))
    await services.database.run(lambda c: store.keep_answer(c, key, me, answer.status, response))
    return answer


def _about(key: ClaimKey) -> str:
    return f"idempotency_key {key.principal} {key.route} {key.key}"


async def forget_answers(services: Services, now: datetime) -> int:
    """Delete what is older than a day; how many rows."""
    return await store.delete_expired_claims(services.database, now)
