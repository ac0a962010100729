"""A scanner that knows the one virus that every scanner knows."""

import base64
from collections.abc import AsyncIterator
from typing import Final

from meetserver.errors import Unavailable
from meetserver.ports import Verdict

EICAR: Final = base64.b64decode(
    "WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJELUFOVElWSVJVUy1URVNULUZJTEUhJEgrSCo="
)
"""The file that all scanners take for a virus, to be tried with. Not as it is, or they would take this file for one."""


class MemoryScanner:
    """`is_away`: it cannot be asked. `most_bytes`: it takes no longer streams."""

    def __init__(self, most_bytes: int = 1 << 30) -> None:
        self.is_away = False
        self.most_bytes = most_bytes

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        if self.is_away:
            raise Unavailable("the virus scanner cannot be reached")
        content = b""
        async for chunk in chunks:
            content += chunk
            if len(content) > self.most_bytes:
                return Verdict(is_whole=False)
        return Verdict(virus="Eicar-Test-Signature" if EICAR in content else "")
