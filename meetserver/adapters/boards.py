"""Pictures of the board, each made in a process of its own (board_worker.py): a board may have 50,000 elements, which
nobody in a room should wait for, and what draws them is native code."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.adapters.worker import Died, Workers
from meetserver.errors import TooLarge, Unavailable
from meetserver.ports import Drawing

log = logging.getLogger(__name__)

SCRIPT: Final = Path(__file__).with_name("board_worker.py")
LIMITS: Final = {
    "side_px": limits.PICTURE_SIDE_PX,
    "memory_bytes": limits.PICTURE_MEMORY_BYTES,
    "cpu_s": limits.PICTURE_CPU_S,
}


class _Told(Struct, frozen=True):
    lengths: list[int] = []
    error: str = ""


class TypstBoards:
    """`overrides`: of LIMITS, for tests."""

    def __init__(self, *, timeout_s: float = limits.PICTURE_TIMEOUT_S, **overrides: int) -> None:
        self._workers = Workers(
            SCRIPT,
            LIMITS | overrides,
            what="picture",
            at_once=limits.PICTURES_AT_ONCE,
            waiting=limits.PICTURES_WAITING,
            timeout_s=timeout_s,
            answer_bytes=limits.PICTURE_ANSWER_BYTES,
        )

    async def svg(self, drawings: Sequence[Drawing]) -> list[bytes]:
        return await self._made("svg", drawings)

    async def png(self, drawing: Drawing) -> bytes:
        return (await self._made("png", [drawing]))[0]

    async def pdf(self, drawings: Sequence[Drawing]) -> bytes:
        return (await self._made("pdf", drawings))[0]

    async def _made(self, form: Literal["svg", "png", "pdf"], drawings: Sequence[Drawing]) -> list[bytes]:
        checked_size(drawings)
        try:
            answer = await self._workers.run(msgspec.msgpack.encode({"form": form, "drawings": drawings}))
        except Died as error:
            log.warning('action="board worker died" code=%d form=%s', error.code, form)
            if error.is_from_outside:
                raise Unavailable("the picture was not made") from None
            raise TooLarge("the picture needs too much time or memory") from None
        return _opened(answer)


def checked_size(drawings: Sequence[Drawing]) -> None:
    size = sum(len(one.elements) + sum(map(len, one.images.values())) for one in drawings)
    if size > limits.PICTURE_BYTES:
        raise TooLarge(f"a picture may be made of {limits.PICTURE_BYTES} bytes")


def _opened(answer: bytes) -> list[bytes]:
    head, _, rest = answer.partition(b"\n")
    try:
        told = msgspec.json.decode(head, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable("the picture was not made") from error
    if told.error:
        log.warning('action="board not drawn" error=%r', told.error)
        raise TooLarge("the picture cannot be made")
    pictures = []
    for length in told.lengths:
        pictures.append(rest[:length])
        rest = rest[length:]
    return pictures
