"""PostgreSQL goes away, comes back, stands still, or has no space left."""

import asyncio
import contextlib
from collections.abc import Callable

from tests.faults.cluster import LEASE_S
from tests.faults.matrix.health import HEALTHZ_WITHIN_S, Health
from tests.faults.matrix.row import Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s
from tests.faults.matrix.tmpfs import fill
from tests.servers.process import ServerFailed

LEAST_S = 0.5
MOST_S = 3 * LEASE_S
NOTICED_S = LEASE_S + 1
READY_WITHIN_S = 10.0
DISK_BYTES = 512 << 20


async def _away(scene: Scene, go: Callable[[], None], come: Callable[[], None]) -> Struck:
    """Recovery counts from the database's return; until then the shards say that they live, and that they are not
    ready: without their leases, or as nothing can be committed."""
    async with Health(scene.cluster) as health:
        await asyncio.to_thread(go)
        away_s = scene.chance.uniform(LEAST_S, MOST_S)
        await asyncio.sleep(away_s)
        failures = await health.those_ready() if away_s > NOTICED_S else []
        await asyncio.to_thread(come)
        back_s = now_s()
        failures += await health.those_not_ready(within_s=READY_WITHIN_S)
        if health.slowest_s > HEALTHZ_WITHIN_S:
            failures.append(f"/healthz took {health.slowest_s:.2f} s")
    return Struck(back_s, back_s, failures=tuple(failures))


async def kill(scene: Scene) -> Struck:
    return await _away(scene, scene.cluster.postgres.kill, scene.cluster.postgres.start)


async def restart(scene: Scene) -> Struck:
    return await _away(scene, scene.cluster.postgres.stop, scene.cluster.postgres.start)


async def freeze(scene: Scene) -> Struck:
    return await _away(scene, scene.cluster.postgres.freeze, scene.cluster.postgres.thaw)


async def fill_disk(scene: Scene) -> Struck:
    """Leases are renewed in place, so that shards keep theirs. When there is space again somebody starts the database,
    should it have given up."""
    postgres = scene.cluster.postgres

    def make_room() -> None:
        balloon.unlink()
        if not postgres.is_running():
            with contextlib.suppress(ServerFailed):
                postgres.kill()
            postgres.start()

    balloon = await asyncio.to_thread(fill, postgres.folder.parent)
    return await _away(scene, lambda: None, make_room)


WITHIN = (Within("rooms", 10.0),)
KILLED = Row("postgres-killed", "PostgreSQL: SIGKILL, started again", kill, WITHIN, ci=10, full=100)
RESTARTED = Row("postgres-restarted", "PostgreSQL: stopped, started again", restart, WITHIN, ci=10, full=100)
FROZEN = Row("postgres-frozen", "PostgreSQL: SIGSTOP, SIGCONT", freeze, WITHIN, ci=10, full=100)
FULL = Row("postgres-full", "PostgreSQL: disk full", fill_disk, WITHIN, ci=10, full=100, postgres_bytes=DISK_BYTES)
ROWS = (KILLED, RESTARTED, FROZEN, FULL)
