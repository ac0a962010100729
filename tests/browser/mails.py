"""Mails as the server writes them without SMTP: files under <data>/mail/."""

import asyncio
import email
import email.policy
import re
from pathlib import Path

POLL_S = 0.05
PATIENCE_S = 20.0


async def link_to(address: str, folder: Path, page: str = "verify") -> str:
    """The link to /`page`/… in the first mail to `address` that has one, as soon as there is one."""
    async with asyncio.timeout(PATIENCE_S):
        while (link := _find(address, folder, page)) is None:  # noqa: ASYNC110 - a file's coming tells nobody
            await asyncio.sleep(POLL_S)
    return link


def _find(address: str, folder: Path, page: str) -> str | None:
    for file in sorted(folder.glob("*.eml")):
        content = file.read_bytes()
        if address.encode() not in content:  # reading them all, again and again, would take long
            continue
        message = email.message_from_bytes(content, policy=email.policy.default)
        body = message.get_body(("plain",))
        if body is None or address not in str(message["To"]):
            continue
        if found := re.search(rf"http\S+/{page}/\S+", body.get_content()):
            return found.group()
    return None
