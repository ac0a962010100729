"""Delivers what waits in the outbox. A periodic job, kicked whenever a transaction put something in."""

import asyncio
import logging
from datetime import timedelta

import msgspec

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import SendFailed
from meetserver.mail import store
from meetserver.mail.outbox import MAIL, about
from meetserver.ports import Clock, Mail, Mailer, Random, Sealer

log = logging.getLogger(__name__)

DELIVER = "mail.deliver"
"""The kind of the periodic job that `Delivery.run` is registered as."""


class Delivery:
    def __init__(self, database: Database, mailer: Mailer, sealer: Sealer, clock: Clock, random: Random) -> None:
        self._database = database
        self._mailer = mailer
        self._sealer = sealer
        self._clock = clock
        self._random = random

    async def run(self, _job: object) -> None:
        """The handler of DELIVER."""
        await self.deliver_due()

    async def deliver_due(self) -> int:
        """Hand over all that is due; how many were tried."""
        tried = 0
        while rows := await self._claim():
            async with asyncio.TaskGroup() as group:
                for row in rows:
                    group.create_task(self._deliver(row))
            tried += len(rows)
        await store.delete_sent(self._database, self._clock.now() - timedelta(seconds=limits.MAIL_HISTORY_S))
        return tried

    async def _claim(self) -> list[store.Claimed]:
        now = self._clock.now()
        return await store.claim(
            self._database, MAIL, now, now + timedelta(seconds=2 * limits.MAIL_TIMEOUT_S), limits.MAILS_TOGETHER
        )

    async def _deliver(self, row: store.Claimed) -> None:
        try:
            mail = msgspec.json.decode(self._sealer.unseal(row.payload, about(row.id)), type=Mail)
            async with asyncio.timeout(limits.MAIL_TIMEOUT_S):
                await self._mailer.send(mail)
        except msgspec.DecodeError as error:
            await self._failed(row, str(error), permanent=True)
        except SendFailed as error:
            await self._failed(row, str(error), permanent=error.permanent)
        except TimeoutError:
            await self._failed(row, f"no answer within {limits.MAIL_TIMEOUT_S:.0f} s")
        except Exception as error:  # one mail's trouble is not its neighbours'
            await self._failed(row, f"{type(error).__name__}: {error}")
        else:
            await store.mark_sent(self._database, row, self._clock.now())
            log.info('action="mail sent" id=%s attempts=%d', row.id, row.attempts)

    async def _failed(self, row: store.Claimed, error: str, *, permanent: bool = False) -> None:
        if permanent or row.attempts >= limits.MAIL_ATTEMPTS:
            await self._give_up(row, error)
        else:
            await self._put_off(row, error)

    async def _give_up(self, row: store.Claimed, error: str) -> None:
        log.error('action="mail dead" id=%s attempts=%d error=%r', row.id, row.attempts, error)
        await store.mark_dead(self._database, row, error[: limits.JOB_ERROR_CHARS], self._clock.now())

    async def _put_off(self, row: store.Claimed, error: str) -> None:
        delay_s = self._random.uniform(0.8, 1.2) * min(
            limits.MAIL_FIRST_DELAY_S * 4 ** (row.attempts - 1), limits.MAIL_LONGEST_DELAY_S
        )
        log.warning('action="mail put off" id=%s attempts=%d in_s=%.0f error=%r', row.id, row.attempts, delay_s, error)
        due_at = self._clock.now() + timedelta(seconds=delay_s)
        await store.put_off(self._database, row, error[: limits.JOB_ERROR_CHARS], due_at)
