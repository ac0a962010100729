"""Sockets that nobody has introduced: how many there may be, and how often one may open another."""

import aiohttp
import pytest

from meetserver import limits
from meetserver.limits import Rate
from tests.integration.socket.conftest import Meeting


@pytest.fixture
def like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is an address like any other."""
    monkeypatch.setattr(limits, "OWN_MACHINE_FACTOR", 1)


async def test_one_address_has_few_sockets_without_a_hello(
    meeting: Meeting, like_others: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAITING_SOCKETS_PER_ADDRESS", 2)
    offer = await meeting.offer()
    silent = [await meeting.welcomed(offer.room_id) for _ in range(2)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await meeting.connect(offer.room_id)
    assert refused.value.status == 429
    assert refused.value.headers is not None
    assert refused.value.headers["Retry-After"] == "10"
    await silent[0].say(id=1, type="hello", data={"ticket": offer.ticket})
    assert "ok" in await silent[0].reply(1)
    third = await meeting.welcomed(offer.room_id)  # who has said hello counts no more
    await third.raw.close()
    await silent[1].raw.close()


async def test_with_too_many_in_all_the_eldest_is_cut(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_SOCKETS", 2)
    offer = await meeting.offer()
    silent = [await meeting.welcomed(offer.room_id) for _ in range(2)]
    late = await meeting.welcomed(offer.room_id)
    assert await silent[0].end() == (1006, "")
    await late.say(id=1, type="hello", data={"ticket": offer.ticket})
    assert "ok" in await late.reply(1)


async def test_one_address_opens_so_many_in_a_while(
    meeting: Meeting, like_others: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.RATES, "socket", Rate("socket", 2, 60.0))
    offer = await meeting.offer()
    for _ in range(2):
        await (await meeting.welcomed(offer.room_id)).raw.close()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await meeting.connect(offer.room_id)
    assert refused.value.status == 429
