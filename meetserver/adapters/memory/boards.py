"""Pictures of the board made in this very process: SVG alone, without a bound in time and memory, and at once."""

from collections.abc import Sequence

from meetserver.adapters.boards import checked_size
from meetserver.ports import Drawing
from meetserver.whiteboard.render.page import svg


class BoardsHere:
    """What would be PNG or PDF is SVG."""

    async def svg(self, drawings: Sequence[Drawing]) -> list[bytes]:
        checked_size(drawings)
        return [svg(drawing).encode() for drawing in drawings]

    async def png(self, drawing: Drawing) -> bytes:
        return (await self.svg([drawing]))[0]

    async def pdf(self, drawings: Sequence[Drawing]) -> bytes:
        return b"\n".join(await self.svg(drawings))
