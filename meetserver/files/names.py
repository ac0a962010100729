"""What files are called: a name to show and to save under, made of whatever somebody sent. Pure.

It is a name on every system (also on Windows), one line, and looks like what it is: an ending cannot be hidden behind
characters that reorder text, and nobody's computer takes it for a path.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from meetserver import limits

NAMELESS: Final = "file"
ENDING_BYTES: Final = 24
"""An ending of at most so many, with its dot, stays when a name is cut."""
LOOKED_AT_CHARS: Final = 1000
"""Of longer ones the middle is not even looked at: to put accents in order takes the square of their number."""

_JOINERS = "\u200c\u200d"
"""Words in Persian and Hindi, and emoji, are written with them; all other format characters go."""
_UNSAFE = re.compile(r'[<>:"|?*]')
_SPACE = re.compile(r"\s+")
# Devices to Windows, in any folder and with any ending.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\.|$)", re.IGNORECASE)
_SAFE = "!#$&+-.^_`|~"
"""Beside letters and digits what RFC 8187, 3.2.1 (attr-char) leaves as it is."""


def shown_name(sent: str) -> str:
    """`sent` as a name: in NFC, without folders, invisible characters and what systems refuse, at most
    limits.FILE_NAME_BYTES in UTF-8; "file" where nothing is left. What it made it leaves as it is."""
    last = re.split(r"[/\\]", sent.rstrip("/\\"))[-1]
    if len(last) > LOOKED_AT_CHARS:
        last = last[: LOOKED_AT_CHARS - ENDING_BYTES] + last[-ENDING_BYTES:]
    visible = "".join(character for character in unicodedata.normalize("NFC", last) if _is_shown(character))
    plain = _trimmed(_SPACE.sub(" ", _UNSAFE.sub("_", visible)))
    if _DEVICE.match(plain):
        plain = f"_{plain}"
    return _cut(unicodedata.normalize("NFC", plain)) or NAMELESS


def name_of(title: str, ending: str) -> str:
    """Of a file that is made of what is called `title`, in which a slash is no folder's."""
    return shown_name(re.sub(r"[/\\]", "-", f"{title}{ending}"))


def content_disposition(name: str, *, is_inline: bool) -> str:
    """The header's value (RFC 6266) for a shown name: in ASCII for those who know no better, and whole (RFC 8187).

    Without `%` and `\\` in the first one, which browsers do not agree on (RFC 6266, appendix D).
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'[^ -~]|["%\\]', "_", ascii_name).strip()
    if not plain or plain.startswith("."):
        plain = NAMELESS + plain
    value = f'{"inline" if is_inline else "attachment"}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe=_SAFE)}"


def _is_shown(character: str) -> bool:
    """Control, format, surrogate, private and unassigned characters are not; nor are line and paragraph separators."""
    if character in _JOINERS or character == "\t":
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _trimmed(name: str) -> str:
    """Without dots at its beginning, which hide it, and without those at its end, which Windows takes away."""
    return name.lstrip(f" .{_JOINERS}").rstrip(f" .{_JOINERS}")


def _cut(name: str) -> str:
    if len(name.encode()) <= limits.FILE_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending
    if not stem or len(ending.encode()) > ENDING_BYTES:
        stem, ending = name, ""
    kept = stem.encode()[: limits.FILE_NAME_BYTES - len(ending.encode())].decode(errors="ignore")
    return _trimmed(kept + ending) if not ending else _trimmed(kept) + ending
