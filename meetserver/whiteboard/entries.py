"""Many ops as entries of a room's log, none of them too large."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from meetserver import limits
from meetserver.whiteboard.messages import Applied, Done

Group: TypeAlias = list[Done]
"""Ops on one element, which stay together."""

_encode = msgspec.json.Encoder().encode


def of(by_page: Mapping[str, Sequence[Group]]) -> list[Applied]:
    """One change, in as many entries as it takes."""
    found: list[Applied] = []
    for page, groups in by_page.items():
        ops: list[Done] = []
        size_bytes = 0
        for group in groups:
            group_bytes = len(_encode(group))
            if ops and size_bytes + group_bytes > limits.BOARD_ENTRY_BYTES:
                found.append(Applied(ops, page, goes_on=bool(found)))
                ops, size_bytes = [], 0
            ops += group
            size_bytes += group_bytes
        if ops:
            found.append(Applied(ops, page, goes_on=bool(found)))
    return found
