"""What people call themselves and their things: one normal form, and nothing that can deceive or break a line.

And the names of time zones.
"""

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

from meetserver.errors import BadMessage

# Control characters, line and paragraph separators, and what reorders the text around it: marks, embeddings,
# overrides and isolates (UAX #9). Escapes stay escapes, so that the patterns below read the same in a JSON schema.
_REFUSED = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"

LINE_PATTERN = rf"^[^{_REFUSED}]*[^\s{_REFUSED}][^{_REFUSED}]*$"
"""One visible line: not blank, no control or bidi-override characters."""
TEXT_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
"""Many lines: no control characters beside tab and line ends."""

_line = re.compile(LINE_PATTERN)


def clean_name(value: str, what: str = "name") -> str:
    """`value` in NFC and trimmed. Raises BadMessage where it is blank or holds refused characters.

    Lengths are the types' affair (limits.NAME_CHARS, limits.TITLE_CHARS).
    """
    if not _line.fullmatch(value):
        raise BadMessage(f"{what} must be one line, not blank, without control or bidi-override characters")
    return unicodedata.normalize("NFC", value).strip()


def check_zone(name: str | None) -> str | None:
    """`name`, which is a time zone's or None. Raises BadMessage."""
    if name is not None and name not in _zones():
        raise BadMessage("timezone is not an IANA name")
    return name


@cache
def _zones() -> frozenset[str]:
    """Read once, and not before somebody asks: it looks into 600 files."""
    return frozenset(available_timezones())
