"""Which passwords are taken: long ones that neither many people have nor the account or the service gives away.

No rules about kinds of characters (NIST SP 800-63B, 5.1.1.2; OWASP ASVS 6.2). Lengths are the types' affair.
docs/security/authentication.md tells people what is refused.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from meetserver import limits
from meetserver.errors import BadMessage

OF_THE_SERVICE: Final = frozenset({"meet", "meetserver", "meeting", "meetings", "conference", "password", "passcode"})
"""Words that whoever guesses tries first here."""

_word = re.compile(r"[^\W\d_]{3,}")
_around = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def check_password(password: str, email: str, name: str) -> None:
    """Raises BadMessage with what is wrong about it, for a new password of this account."""
    readings = _readings(_folded(password))
    if not readings.isdisjoint(_common()):
        raise BadMessage("this password is one of the most common ones; choose another")
    if not readings.isdisjoint(context_words(email, name)):
        raise BadMessage("the password must not be made of the e-mail address, the name or the name of this service")


def context_words(email: str, name: str) -> frozenset[str]:
    """What a password of this account may not be: its address and name, whole and word by word, and the service's."""
    wholes = {_folded(email), _folded(email.rpartition("@")[0]), _folded(name)}
    return OF_THE_SERVICE | wholes | {word for whole in wholes for word in _word.findall(whole)}


def _readings(folded: str) -> set[str]:
    """The password, what it is without the few digits and signs around it, and what is said twice in either."""
    bare = _around.sub("", folded)
    whole = {folded, bare} if len(folded) - len(bare) <= limits.PASSWORD_ADORNMENT_CHARS else {folded}
    return whole | {one[: len(one) // 2] for one in whole if one and one == one[: len(one) // 2] * 2}


@cache
def _common() -> frozenset[str]:
    """The library's 30,000. Read when first needed: 40 ms."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(map(_folded, FREQUENCY_LISTS["passwords"]))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()
