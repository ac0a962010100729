"""Personal access tokens: for programs, with scopes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from meetserver import limits
from meetserver.accounts.models import auth_session
from meetserver.adapters.memory.clock import ManualClock
from meetserver.errors import Unauthenticated
from meetserver.wire import timestamp
from tests.integration.http.conftest import Answer, Api

WISH = {"name": "Calendar", "scopes": ["meetings:read"]}


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


async def given_token(ann: Api, *scopes: str) -> tuple[Api, dict[str, Any]]:
    """Whoever calls with a new token of Ann's, and the token as it was shown."""
    answer = await ann.post("/users/me/tokens", {"name": "Calendar", "scopes": scopes})
    assert answer.status == 201, answer
    return ann.signed_in(answer.body["token"]), dict(answer.body)


async def test_a_token_is_shown_once_and_is_not_in_the_database(api: Api, ann: Api) -> None:
    program, made = await given_token(ann, "profile:read", "meetings:read")
    assert made["token"].startswith(f"meet_{made['id']}_")
    assert (await program.get("/users/me")).body["name"] == "Ann"

    [listed] = (await ann.get("/users/me/tokens")).body["items"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert listed["scopes"] == ["meetings:read", "profile:read"]
    secret = made["token"].split("_", 2)[2]
    rows = await api.services.database.fetch(select(auth_session))
    assert secret not in str([row._mapping for row in rows])
    assert secret not in str(api.recorded)


async def test_a_token_does_what_its_scopes_say(ann: Api) -> None:
    reader, _ = await given_token(ann, "meetings:read")
    writer, _ = await given_token(ann, "meetings:write")
    assert (await reader.get("/meetings")).status == 200
    refused = await reader.post("/meetings", {"title": "Weekly"})
    assert (refused.code, refused.body["detail"]) == ("forbidden", "the token lacks the scope meetings:write")
    assert (await writer.post("/meetings", {"title": "Weekly"})).status == 201
    assert (await writer.get("/meetings")).code == "forbidden"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/auth/sessions", None),
        ("DELETE", "/auth/sessions", None),
        ("POST", "/auth/logout", None),
        ("GET", "/users/me/tokens", None),
        ("POST", "/users/me/tokens", WISH),
    ],
)
async def test_no_token_reaches_what_secures_the_account(ann: Api, method: str, path: str, body: object) -> None:
    program, _ = await given_token(ann, "profile:read", "profile:write", "admin:write", "admin:read")
    answer = await program.request(method, path, body)
    assert (answer.code, answer.body["detail"]) == ("forbidden", "this cannot be done with a personal access token")


async def test_a_token_gives_no_role(ann: Api) -> None:
    program, _ = await given_token(ann, "admin:read")
    assert (await program.get("/admin/users")).code == "forbidden"


async def test_scopes_and_name_change_from_the_next_use_on(api: Api, ann: Api) -> None:
    program, made = await given_token(ann, "meetings:read")
    patch = {"scopes": ["profile:read"], "name": "Watch"}
    answer = await ann.patch(f"/users/me/tokens/{made['id']}", patch)
    assert (answer.body["name"], answer.body["scopes"]) == ("Watch", ["profile:read"])
    assert (await program.get("/meetings")).code == "forbidden"
    assert (await program.get("/users/me")).status == 200
    assert [one.type for one in api.recorded if one.subject == made["id"]] == ["token.created", "token.changed"]


async def test_a_revoked_token_is_worth_nothing(api: Api, ann: Api) -> None:
    program, made = await given_token(ann, "profile:read")
    assert (await ann.delete(f"/users/me/tokens/{made['id']}")).status == 204
    assert (await program.get("/users/me")).code == "unauthenticated"
    assert (await ann.delete(f"/users/me/tokens/{made['id']}")).code == "not_found"
    assert (await ann.get("/users/me/tokens")).body["items"] == []
    assert [one.subject for one in api.recorded if one.type == "token.revoked"] == [made["id"]]


async def test_another_users_token_is_not_there(api: Api, ann: Api) -> None:
    _, made = await given_token(ann, "profile:read")
    ben = await api.given_user("ben@example.com", "Ben")
    path = f"/users/me/tokens/{made['id']}"
    assert (await ben.delete(path)).code == (await ben.patch(path, {"name": "Mine"})).code == "not_found"
    assert len((await ann.get("/users/me/tokens")).body["items"]) == 1


async def test_a_session_is_no_token_to_be_revoked_nor_the_other_way_round(ann: Api) -> None:
    _, made = await given_token(ann, "profile:read")
    [session] = (await ann.get("/auth/sessions")).body["items"]
    assert (await ann.delete(f"/users/me/tokens/{session['id']}")).code == "not_found"
    assert (await ann.delete(f"/auth/sessions/{made['id']}")).code == "not_found"


async def test_it_ends_when_it_was_said_to(ann: Api, clock: ManualClock) -> None:
    async def wish(**later: float) -> Answer:
        return await ann.post("/users/me/tokens", {**WISH, "expires_at": timestamp(clock.now() + timedelta(**later))})

    assert (await wish(seconds=0)).code == "bad_message"
    assert (await wish(days=limits.PERSONAL_TOKEN_DAYS, seconds=1)).code == "bad_message"
    assert (await wish(days=limits.PERSONAL_TOKEN_DAYS)).status == 201
    short = ann.signed_in((await wish(seconds=60)).body["token"])
    clock.advance(59)
    assert (await short.get("/meetings")).status == 200
    clock.advance(1)
    assert (await short.get("/meetings")).code == "unauthenticated"


async def test_its_use_is_noted_to_the_hour(ann: Api, clock: ManualClock) -> None:
    program, made = await given_token(ann, "meetings:read")

    async def last_used() -> str:
        rows = await ann.services.database.fetch(select(auth_session).where(auth_session.c.id == made["id"]))
        return timestamp(rows[0].last_used_at)

    clock.advance(limits.SESSION_TOUCH_S)
    await program.get("/meetings")
    assert await last_used() == made["created_at"]
    clock.advance(1)
    await program.get("/meetings")
    assert await last_used() == timestamp(clock.now())


@pytest.mark.parametrize(
    "wrong", ["meet_", "meet__", "meet_x_y", "meet_{id}_", "meet_{id}_wrong", "meet_{id}", "meet_é_é"]
)
async def test_what_only_looks_like_a_token_is_none(ann: Api, wrong: str) -> None:
    _, made = await given_token(ann, "profile:read")
    answer = await ann.signed_in(wrong.format(id=made["id"])).get("/users/me")
    assert (answer.status, answer.code) == (401, "unauthenticated")


async def test_bytes_that_are_no_text_are_no_token(ann: Api) -> None:
    """A header may hold any bytes; the server has them as lone surrogates."""
    _, made = await given_token(ann, "profile:read")
    for wrong in (f"meet_{made['id']}_\udcff", "meet_\udcff_x", "meet_a\udcff", "\udcff"):
        with pytest.raises(Unauthenticated):
            await ann.services.accounts.personal.caller(wrong)
        with pytest.raises(Unauthenticated):
            await ann.services.accounts.sessions.caller_of_token(wrong)


async def test_a_session_id_with_its_refresh_secret_is_no_personal_token(api: Api, ann: Api) -> None:
    session, _, secret = (await api.log_in()).body["refresh_token"].partition(".")
    assert (await ann.signed_in(f"meet_{session}_{secret}").get("/users/me")).code == "unauthenticated"


async def test_unknown_scopes_and_none_at_all_are_refused(ann: Api) -> None:
    for scopes in ([], ["everything"], ["meetings:read", ""], "meetings:read"):
        assert (await ann.post("/users/me/tokens", {"name": "A", "scopes": scopes})).code == "bad_message"
    for name in ("", "A\r\nB", "\u202eA"):
        assert (await ann.post("/users/me/tokens", {**WISH, "name": name})).code == "bad_message"


async def test_an_account_has_so_many_and_no_more(ann: Api) -> None:
    for _ in range(limits.PERSONAL_TOKENS):
        await given_token(ann, "profile:read")
    assert (await ann.post("/users/me/tokens", WISH)).code == "conflict"
    [id_, *_] = [one["id"] for one in (await ann.get("/users/me/tokens")).body["items"]]
    await ann.delete(f"/users/me/tokens/{id_}")
    assert (await ann.post("/users/me/tokens", WISH)).status == 201
