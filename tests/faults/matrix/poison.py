"""What makes the code fail: a command that the database refuses, and a room whose log cannot be read any more."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import asyncpg

from meetserver.chat.messages import Send
from meetserver.client import Api, RoomClient, RoomClosed
from meetserver.close_codes import QUARANTINED
from tests.faults.cluster import ADMIN, ADMIN_PASSWORD
from tests.faults.matrix.row import TAKEN_OVER_S, Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s

POISON = "poison"
POISONED = 20
REFUSED_AS = "bad_message"
TRIGGER = f"""
CREATE OR REPLACE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.txn LIKE '{POISON}%' THEN RAISE check_violation USING MESSAGE = 'poison'; END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER poison BEFORE INSERT ON room_event FOR EACH ROW EXECUTE FUNCTION refuse_poison();
"""
QUARANTINED_WITHIN_S = 20.0
DAMAGE = "UPDATE room_event SET data = '\\xdead' WHERE room_id = $1 AND seq = $2"
LAST = "SELECT seq, data FROM room_event WHERE room_id = $1 ORDER BY seq DESC LIMIT 1"
MEND = "UPDATE room_event SET data = $3 WHERE room_id = $1 AND seq = $2"


async def refuse_commands(scene: Scene) -> Struck:
    """The database refuses single entries for good: their senders hear of it, and their batches' neighbours do not."""
    async with _database(scene) as database:
        await database.execute(TRIGGER)
    since_s = now_s()
    senders = scene.chance.sample(scene.load.people, min(POISONED, len(scene.load.people)))
    answers = await asyncio.gather(
        *(person.try_to(Send(text="poison"), f"{POISON}-{secrets.token_hex(8)}") for person in senders)
    )
    failures = tuple(f"poison was answered {answer}" for answer in answers if answer != REFUSED_AS)
    return Struck(since_s, now_s(), failures=failures)


async def damage_log(scene: Scene) -> Struck:
    """A room of its own. Its log is damaged and its owner dies, so that each start of it fails; then it is mended."""
    load, cluster = scene.load, scene.cluster
    http, guest = load.http, Api(cluster.base_url, http=load.http)
    meeting = await load.host.create_meeting("Damaged")
    async with contextlib.AsyncExitStack() as stack:
        offers = [await guest.join(meeting.id, name=name) for name in ("Ann", "Ben")]
        people = [await stack.enter_async_context(RoomClient.join(offer, http=http)) for offer in offers]
        for person in people:
            await person.send(Send(text="hello"))
        database = await stack.enter_async_context(_database(scene))
        shard = cluster.shard((await scene.owners())[meeting.room_id])
        rooms = await scene.rooms_of(shard) & {person.history.room for person in load.people}
        seq, data = await database.fetchrow(LAST, meeting.room_id)
        await database.execute(DAMAGE, meeting.room_id, seq)
        await asyncio.to_thread(shard.server.kill)
        since_s = now_s()
        failures = await asyncio.gather(*(_why_not_quarantined(person) for person in people))
        await scene.rooms_acked(since_s, rooms)
        await database.execute(MEND, meeting.room_id, seq, data)
    await asyncio.to_thread(shard.server.start)
    await _release(scene, meeting.room_id)
    again = await guest.join(meeting.id, name="Cid")
    async with RoomClient.join(again, http=http) as person:
        receipt = await person.send(Send(text="It is well again"))
    if receipt.seq <= seq:
        failures.append(f"the mended room went on at {receipt.seq}, not after {seq}")
    return Struck(since_s, now_s(), rooms, tuple(filter(None, failures)))


async def _why_not_quarantined(person: RoomClient) -> str:
    try:
        ended = await asyncio.wait_for(person.ended(), QUARANTINED_WITHIN_S)
    except TimeoutError:
        return f"the damaged room was not quarantined in {QUARANTINED_WITHIN_S:g} s"
    is_told = isinstance(ended, RoomClosed) and ended.code == QUARANTINED
    return "" if is_told else f"the damaged room's people were told {ended!r}"


async def _release(scene: Scene, room: str) -> None:
    admin = Api(scene.cluster.base_url, http=scene.load.http)
    await admin.login(ADMIN, ADMIN_PASSWORD)
    await admin.call("POST", f"/admin/rooms/{room}/release", type(None))


@contextlib.asynccontextmanager
async def _database(scene: Scene) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(scene.cluster.postgres.url)
    try:
        yield connection
    finally:
        await connection.close()


SOON = (Within("rooms", 1.0),)
TAKEN_OVER = (Within("rooms", TAKEN_OVER_S),)
COMMAND = Row("command-refused", "a command that the database refuses", refuse_commands, SOON, ci=10, full=100)
LOG = Row("log-damaged", "a room that fails at each start", damage_log, TAKEN_OVER, ci=10, full=100)
ROWS = (COMMAND, LOG)
