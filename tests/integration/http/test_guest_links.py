"""Guest links: what they do for, how often, how long, and that they can be taken back."""

from datetime import timedelta
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.errors import SealBroken
from meetserver.meetings.models import guest_link
from meetserver.meetings.tickets import TicketClaims
from tests.integration.http.conftest import Answer, Api, Make, all_at_once


@pytest.fixture
async def ann(make_api: Make) -> Api:
    return await (await make_api(rate_factor=0)).given_user()


@pytest.fixture
async def meeting(ann: Api) -> str:
    """One that lets nobody in without a link."""
    return str((await ann.given_meeting(settings={"only_invited": True, "passcode": "1234"}))["id"])


async def given_link(ann: Api, meeting: str, **wish: Any) -> dict[str, Any]:
    answer = await ann.post(f"/meetings/{meeting}/links", wish)
    assert answer.status == 201, answer
    return dict(answer.body)


async def join(who: Api, meeting: str, link: dict[str, Any] | None, name: str = "Cy") -> Answer:
    by_link = {} if link is None else {"link": link["url"].rpartition("/")[2]}
    return await who.post(f"/meetings/{meeting}/join", {"name": name, **by_link})


async def claims(who: Api, meeting: str, link: dict[str, Any]) -> TicketClaims:
    answer = await join(who, meeting, link)
    assert answer.status == 200, answer
    return who.services.tickets.verify(answer.body["ticket"])


async def test_a_link_does_for_passcode_and_invitation(ann: Api, meeting: str) -> None:
    guest = ann.signed_in(None)
    link = await given_link(ann, meeting, label="Press")
    assert link["url"].startswith(str(ann.client.make_url(f"/m/{meeting}/")))
    assert (await join(guest, meeting, None)).code == "forbidden"
    found = await claims(guest, meeting, link)
    assert (found.role, found.passes_lobby, found.user) == ("participant", False, None)
    assert (await ann.get(f"/meetings/{meeting}/links")).body["items"] == [{**link, "uses": 1}]


async def test_a_link_says_as_what(ann: Api, meeting: str) -> None:
    link = await given_link(ann, meeting, role="viewer", skips_lobby=True)
    found = await claims(ann.signed_in(None), meeting, link)
    assert (found.role, found.passes_lobby) == ("viewer", True)
    assert (await claims(ann, meeting, link)).role == "host", "who is more needs no link"
    assert (await ann.get(f"/meetings/{meeting}/links")).body["items"][0]["uses"] == 1


async def test_a_link_does_not_do_for_signing_in(ann: Api) -> None:
    meeting = (await ann.given_meeting(settings={"only_signed_in": True}))["id"]
    link = await given_link(ann, meeting)
    assert (await join(ann.signed_in(None), meeting, link)).code == "unauthenticated"


@pytest.mark.both_databases
async def test_100_joins_at_once_by_a_link_for_one(ann: Api, meeting: str) -> None:
    link = await given_link(ann, meeting, max_uses=1)
    guest = ann.signed_in(None)
    answers = await all_at_once(*(join(guest, meeting, link, f"Guest {number}") for number in range(100)))
    assert sorted({answer.status for answer in answers}) == [200, 403]
    assert sum(answer.status == 200 for answer in answers) == 1
    assert (await ann.get(f"/meetings/{meeting}/links")).body["items"][0]["uses"] == 1


@pytest.mark.both_databases
async def test_a_link_for_many_counts_each_of_many_at_once(ann: Api, meeting: str) -> None:
    link = await given_link(ann, meeting)
    answers = await all_at_once(*(join(ann.signed_in(None), meeting, link) for _ in range(40)))
    assert {answer.status for answer in answers} == {200}
    assert (await ann.get(f"/meetings/{meeting}/links")).body["items"][0]["uses"] == 40


async def test_a_link_that_was_taken_back_and_one_that_never_was_are_alike(
    ann: Api, meeting: str, clock: ManualClock
) -> None:
    guest = ann.signed_in(None)
    revoked, used = await given_link(ann, meeting), await given_link(ann, meeting, max_uses=1)
    old = await given_link(ann, meeting, expires_at=(clock.now() + timedelta(seconds=60)).isoformat())
    elsewhere = await given_link(ann, (await ann.given_meeting())["id"])
    await claims(guest, meeting, revoked)
    await claims(guest, meeting, used)
    await claims(guest, meeting, old)
    clock.advance(60)
    assert (await ann.delete(f"/meetings/{meeting}/links/{revoked['id']}")).status == 204
    answers = [await join(guest, meeting, link) for link in (revoked, used, old, elsewhere, {"url": "/never"})]
    assert {(answer.status, answer.code, answer.body["detail"]) for answer in answers} == {
        (403, "forbidden", answers[0].body["detail"])
    }
    assert (await ann.delete(f"/meetings/{meeting}/links/{revoked['id']}")).code == "not_found"
    assert revoked["id"] not in str((await ann.get(f"/meetings/{meeting}/links")).body)


async def test_the_secret_is_sealed_at_rest_and_in_no_record(ann: Api, meeting: str) -> None:
    link, other = await given_link(ann, meeting), await given_link(ann, meeting)
    secret = link["url"].rpartition("/")[2]
    await join(ann.signed_in(None), meeting, link)
    (row,) = await ann.services.database.fetch(guest_link.select().where(guest_link.c.id == link["id"]))
    assert ann.services.keys.unseal(row.secret, f"guest_link {link['id']}").decode() == secret
    with pytest.raises(SealBroken):
        ann.services.keys.unseal(row.secret, f"guest_link {other['id']}")
    assert secret not in str([value for name, value in row._mapping.items() if name != "secret"])
    log = ann.services.security_log
    assert isinstance(log, MemorySecurityLog)
    assert secret not in str(log.events)
    assert "link.created" in log.types()


async def test_only_moderators_have_the_links(ann: Api, meeting: str) -> None:
    link = await given_link(ann, meeting)
    path = f"/meetings/{meeting}/links"
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    for answer in (await bo.get(path), await bo.post(path, {}), await bo.delete(f"{path}/{link['id']}")):
        assert (answer.status, answer.code) == (404, "not_found")
    await ann.post(f"/meetings/{meeting}/invitees", {"email": "bo@example.com", "role": "cohost"})
    assert (await bo.post(path, {})).status == 201
    assert len((await bo.get(path)).body["items"]) == 2


async def test_what_no_link_can_be(ann: Api, meeting: str) -> None:
    for wish in (
        {"role": "host"},
        {"max_uses": 0},
        {"max_uses": limits.GUEST_LINK_USES + 1},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "9999-12-31T23:59:59-14:00"},
        {"label": "a\x00"},
        {"colour": "red"},
    ):
        answer = await ann.post(f"/meetings/{meeting}/links", wish)
        assert (answer.status, answer.code) == (400, "bad_message"), wish
    assert (await join(ann.signed_in(None), meeting, {"url": "x" * 65})).code == "bad_message"


async def test_there_are_only_so_many(ann: Api, meeting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GUEST_LINKS", 3)
    first, *_ = [await given_link(ann, meeting) for _ in range(3)]
    assert (await ann.post(f"/meetings/{meeting}/links", {})).code == "conflict"
    await ann.delete(f"/meetings/{meeting}/links/{first['id']}")
    await given_link(ann, meeting)
    assert (await ann.get(f"/meetings/{meeting}/links?limit=2")).body["next"] is not None


async def test_the_page_behind_a_link(ann: Api, meeting: str) -> None:
    link = await given_link(ann, meeting)
    async with ann.client.get(f"/m/{meeting}/{link['url'].rpartition('/')[2]}") as page:
        assert (page.status, page.content_type) == (200, "text/html")
