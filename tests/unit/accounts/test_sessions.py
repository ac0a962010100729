"""Which sessions stand, in portions."""

import pytest

from meetserver import limits
from meetserver.accounts.role_store import take_role
from meetserver.accounts.session_store import as_admin
from meetserver.accounts.sessions import Sessions
from meetserver.accounts.signing_keys import SigningKeys
from meetserver.accounts.store import Account, grant, insert_account
from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.cache.cached import Cached
from meetserver.database import Database
from meetserver.errors import Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Origin

ANN = UserId("ann")
LIFE_S = 30 * 86400


async def given_sessions(database: Database, clock: ManualClock) -> Sessions:
    keys = await SigningKeys.open(database, PlainSealer(), clock, token_life_s=600)
    tokens = AccessTokens(keys, clock, SeededRandom(), 600)
    ann = Account(ANN, "ann@example.com", "ann@example.com", "Ann", None, None, clock.now(), 1)
    await database.run(lambda connection: insert_account(connection, ann))
    cached = Cached(MemoryCache(), SeededRandom())
    database.on_changed = cached.forget
    return Sessions(
        database, cached, tokens, MemorySecurityLog(), clock, SeededRandom(), successor_key=b"key", life_s=LIFE_S
    )


async def test_more_than_fit_into_one_look_are_looked_at(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    standing = await sessions.open_page(ANN, Origin(), ["password"])
    strangers = {f"stranger{n}" for n in range(limits.SESSIONS_PER_LOOK)}
    assert await sessions.ended_among([*strangers, standing]) == strangers
    assert await sessions.ended_among([]) == set()


async def test_revoked_expired_and_disabled_ones_have_ended(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    revoked, old = [await sessions.open_page(ANN, Origin(), ["password"]) for _ in range(2)]
    assert await sessions.revoke(revoked, Origin())
    assert await sessions.ended_among([revoked, old]) == {revoked}
    clock.advance(LIFE_S)
    assert await sessions.ended_among([old]) == {old}
    assert not await sessions.revoke(old, Origin()), "it had ended"


async def test_no_session_lives_for_ever(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    page = await sessions.open_page(ANN, Origin(), ["password"])
    tokens = await sessions.open_tokens(ANN, Origin(), ["password"])
    lived_s = 0
    while lived_s + LIFE_S // 2 < limits.SESSION_LONGEST_S:
        lived_s += LIFE_S // 2
        clock.advance(LIFE_S // 2)
        assert await sessions.caller_of_page(page) is not None
        tokens = await sessions.refresh(tokens.refresh_token, Origin())
    clock.advance(limits.SESSION_LONGEST_S - lived_s - 1)
    assert await sessions.caller_of_page(page) is not None
    clock.advance(1)
    assert await sessions.caller_of_page(page) is None
    with pytest.raises(Unauthenticated):
        await sessions.refresh(tokens.refresh_token, Origin())


async def test_confirming_adds_to_how_somebody_has_shown_who_they_are(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    page = await sessions.open_page(ANN, Origin(), ["password", "totp"])
    clock.advance(limits.CONFIRM_LIFE_S)
    caller = await sessions.caller_of_page(page)
    assert caller is not None
    assert not caller.is_confirmed
    await sessions.confirm(page, ["passkey"])
    caller = await sessions.caller_of_page(page)
    assert caller is not None
    assert caller.is_confirmed
    [row] = await sessions.list_of(ANN)
    assert row.methods == ["password", "totp", "passkey"]


async def test_a_session_is_used_by_its_own_kind_only(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    tokens = await sessions.open_tokens(ANN, Origin(), ["password"])
    assert await sessions.caller_of_page(tokens.refresh_token.partition(".")[0]) is None


async def test_a_token_is_for_the_user_whose_session_it_names(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    tokens = await sessions.open_tokens(ANN, Origin(), ["password"])
    issuer = AccessTokens(sessions.signing_keys, clock, SeededRandom(), 600)
    session = tokens.refresh_token.partition(".")[0]
    assert (await sessions.caller_of_token(issuer.issue(AccessClaims(ANN, session)))).user == ANN
    with pytest.raises(Unauthenticated):
        await sessions.caller_of_token(issuer.issue(AccessClaims(UserId("ben"), session)))


async def test_what_somebody_is_as_an_administrator_ends_with_that(database: Database, clock: ManualClock) -> None:
    sessions = await given_sessions(database, clock)
    page = await sessions.open_page(ANN, Origin(), ["password"])
    assert await sessions.ended_among([page, as_admin(page)]) == {as_admin(page)}
    await database.run(lambda connection: grant(connection, ANN, "admin", "", clock.now()))
    assert await sessions.ended_among([page, as_admin(page)]) == set()
    assert await sessions.ended_among([as_admin(page)]) == set()
    await database.run(lambda connection: take_role(connection, ANN, "admin"))
    assert await sessions.ended_among([page, as_admin(page)]) == {as_admin(page)}
    await sessions.revoke(page, Origin())
    assert await sessions.ended_among([page, as_admin(page)]) == {page, as_admin(page)}
