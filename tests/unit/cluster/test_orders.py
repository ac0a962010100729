"""Operators' orders about rooms that move at the same time."""

import asyncio

from tests.unit.cluster.houses import ROOM, House, play


def test_an_order_goes_to_who_has_the_room_though_its_last_owner_has_not_heard() -> None:
    async def scene(house: House) -> None:
        await house.east.given("Ann")
        taken = await house.west.router.own(ROOM)
        await asyncio.sleep(1)
        assert ROOM in house.east.router.room_ids, "it looks for that later"
        assert taken.actor.epoch > 1

        await house.east.router.operations.sleep(ROOM)

        assert taken.ended.is_set()

    play(scene)
