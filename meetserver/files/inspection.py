"""Files are looked at for viruses, where a scanner is configured, before anybody gets them."""

import logging
from collections.abc import Sequence
from contextlib import aclosing

from meetserver.errors import BadFile, Unavailable
from meetserver.files.parts import Part, read_parts
from meetserver.ports import BlobStore, Scanner

log = logging.getLogger(__name__)


class Inspection:
    """`scanner`: None where none is configured. `holds`: what it cannot look at is held back."""

    def __init__(self, blobs: BlobStore, scanner: Scanner | None, *, holds: bool) -> None:
        self._blobs = blobs
        self._scanner = scanner
        self._holds = holds

    async def is_to_be_held(self, content: str, key: bytes, parts: Sequence[Part]) -> bool:
        """Whether nobody may have it yet, because nobody could look at it. Raises BadFile where a virus was found."""
        if self._scanner is None:
            return False
        size = sum(part.bytes for part in parts)
        try:
            async with aclosing(read_parts(self._blobs, content, key, parts, 0, size)) as chunks:
                verdict = await self._scanner.scan(chunks)
        except Unavailable as error:
            log.warning("action=not_scanned content=%s error=%s", content, error)
            return self._holds
        if verdict.virus:
            log.warning("action=virus_found content=%s virus=%r", content, verdict.virus)
            raise BadFile("the virus scanner has found something in it")
        return self._holds and not verdict.is_whole
