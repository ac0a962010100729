"""E-mail addresses: which are possible, and when two of them are one account's."""

import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from meetserver import limits
from meetserver.errors import BadMessage

# The library's own switch: a mail server at home serves .local, .lan or localhost.
SPECIAL_USE_DOMAIN_NAMES.clear()


def clean_address(address: str) -> str:
    """The address in its normal form (RFC 5321, 6531; domain in lower case). Raises BadMessage.

    No DNS is asked, and private domains are fine: a server may serve a network without either.
    """
    try:
        valid = validate_email(address, check_deliverability=False, globally_deliverable=False, strict=True)
    except (EmailNotValidError, UnicodeError, ValueError):
        raise BadMessage("the e-mail address is not valid") from None
    if len(valid.normalized) > limits.EMAIL_CHARS:
        raise BadMessage("the e-mail address is too long")
    return valid.normalized


def address_key(address: str) -> str:
    """What is unique about a cleaned address: no two accounts differ in case alone.

    In lower case and not casefolded: that would make one of straße.de and strasse.de, which are two people's domains.
    """
    return unicodedata.normalize("NFC", address.lower())
