"""Numbers and texts as XML has them."""

import re
from typing import Final

# XML 1.0, 2.2: all other characters may not even be written as references.
_NO_CHARACTERS: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """For content and for attributes in either kind of quotes."""
    return _NO_CHARACTERS.sub("\ufffd", text).translate(_NAMED)


def short(value: float) -> str:
    """To a hundredth of a unit."""
    rounded = round(value, 2)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)
