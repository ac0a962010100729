"""Files go when they are as old as the server, or their meeting, lets them become: whichever is sooner."""

from datetime import timedelta
from typing import Any

import pytest

from meetserver import limits
from meetserver.adapters.memory.clock import START, ManualClock
from meetserver.files.jobs import Sweeper
from meetserver.wire import timestamp
from tests.integration.http.conftest import Api, Make
from tests.integration.http.test_files import blobs_of, brought

DAY_S = 86_400


async def given(make_api: Make, server_days: int, meeting_days: int | None) -> tuple[Api, str, dict[str, Any]]:
    ann = await (await make_api(files_kept_days=server_days)).given_user()
    meeting = str((await ann.given_meeting(settings={"files_kept_days": meeting_days}))["id"])
    return ann, meeting, await brought(ann, meeting)


async def is_there(who: Api, file: dict[str, Any]) -> bool:
    return (await who.get(f"/files/{file['id']}")).status == 200


@pytest.mark.both_databases
@pytest.mark.parametrize(("server", "meeting", "days"), [(0, 2, 2), (3, None, 3), (3, 2, 2), (3, 5, 3)])
async def test_whichever_is_sooner(
    make_api: Make, clock: ManualClock, server: int, meeting: int | None, days: int
) -> None:
    ann, _, file = await given(make_api, server, meeting)
    assert file["expires_at"] == timestamp(START + timedelta(days=days))
    clock.advance(days * DAY_S - 1)
    ann = ann.signed_in((await ann.log_in()).body["access_token"])
    await ann.services.retention.run()
    assert await is_there(ann, file)
    clock.advance(1)
    await ann.services.retention.run()
    assert not await is_there(ann, file)
    assert (await ann.get("/users/me/usage")).body["files"] == 0


@pytest.mark.both_databases
async def test_a_change_of_the_meeting_counts_from_then_on(make_api: Make, clock: ManualClock) -> None:
    ann, meeting, file = await given(make_api, 0, None)
    assert file["expires_at"] is None
    clock.advance(10 * DAY_S)
    ann = ann.signed_in((await ann.log_in()).body["access_token"])
    await ann.services.retention.run()
    assert await is_there(ann, file)
    for days in (11, None, 10):
        changed = await ann.patch(f"/meetings/{meeting}", {"settings": {"files_kept_days": days}})
        assert changed.body["settings"]["files_kept_days"] == days
        shown = (await ann.get(f"/meetings/{meeting}/files")).body["items"][0]["expires_at"]
        assert shown == (days and timestamp(START + timedelta(days=days)))
        await ann.services.retention.run()
        assert await is_there(ann, file) is (days != 10)


async def test_of_many_meetings_each_has_its_own_days(
    make_api: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one statement looks at."""
    monkeypatch.setattr(limits, "SWEEP_ROWS", 2)
    ann = await (await make_api()).given_user()
    kept = []
    for days in (1, 2, 1, 3, None):
        meeting = await ann.given_meeting(settings={"files_kept_days": days})
        kept += [(days, await brought(ann, str(meeting["id"]), name=f"{number}.txt")) for number in range(3)]
    clock.advance(2 * DAY_S)
    ann = ann.signed_in((await ann.log_in()).body["access_token"])
    await ann.services.retention.run()
    assert [days for days, file in kept if await is_there(ann, file)] == [3] * 3 + [None] * 3


async def test_its_bytes_go_a_day_later(make_api: Make, clock: ManualClock) -> None:
    ann, _, _ = await given(make_api, 1, None)
    sweeper = Sweeper(ann.services.database, ann.services.files._blobs, clock)
    clock.advance(DAY_S)
    await ann.services.retention.run()
    await sweeper.run()
    assert len(await blobs_of(ann)) == 1
    clock.advance(limits.FILE_DELETED_S + 1)
    await sweeper.run()
    assert await blobs_of(ann) == []


@pytest.mark.parametrize("days", [0, -1, 36_501, 1.5, "3"])
async def test_days_that_are_none_are_refused(api: Api, days: object) -> None:
    ann = await api.given_user()
    answer = await ann.post("/meetings", {"title": "Weekly", "settings": {"files_kept_days": days}})
    assert (answer.status, answer.code) == (400, "bad_message")
