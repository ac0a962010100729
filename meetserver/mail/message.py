"""A Mail as an RFC 5322 message. Nothing in a mail can add a header or a recipient."""

import re
import unicodedata
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr

from meetserver.errors import SendFailed
from meetserver.ports import Mail

# 7bit: bodies are quoted-printable or base64, which every server on the way takes.
POLICY = EmailPolicy(linesep="\r\n", cte_type="7bit")
EXTRA_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
OWN_HEADERS = frozenset({
    "from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "auto-submitted",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "resent-to",
})  # fmt: skip
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
LINE_SEPARATORS = "\u2028\u2029"


def build_message(mail: Mail, sender: str, at: datetime) -> EmailMessage:
    """The message that goes out. `sender` is "Name <address>".

    Raises SendFailed(permanent) when an address is malformed or a header holds what no header may.
    """
    check_headers(mail)
    # RFC 6531: only an address beyond ASCII needs headers beyond it.
    message = EmailMessage(policy=POLICY if mail.to.rpartition("@")[0].isascii() else POLICY.clone(utf8=True))
    try:
        message["From"] = _sender(sender)
        message["To"] = recipient(mail)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = mail.message_id
        message["Auto-Submitted"] = "auto-generated"
        for name, value in mail.headers.items():
            message[name] = value
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
    except (ValueError, MessageError) as error:
        raise SendFailed(f"the mail cannot be written: {error}", permanent=True) from None
    return message


def check_headers(mail: Mail) -> None:
    """Raises SendFailed(permanent) when the mail could never be sent."""
    recipient(mail)
    for name in mail.headers:
        if not EXTRA_HEADER.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise SendFailed(f"a mail may not set the header {name!r}", permanent=True)
    for value in (mail.to, mail.subject, mail.message_id, *mail.headers.values()):
        if any(unicodedata.category(char) in {"Cc", "Cs"} or char in LINE_SEPARATORS for char in value):
            raise SendFailed("a mail's headers may not hold line breaks or control characters", permanent=True)
    if not re.fullmatch(r"<[!-;=?-~]+@[!-;=?-~]+>", mail.message_id):
        raise SendFailed(f"{mail.message_id!r} is no Message-ID", permanent=True)


def recipient(mail: Mail) -> Address:
    """The one address the mail goes to; its domain in ASCII (IDNA)."""
    try:
        local, _, domain = mail.to.rpartition("@")
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
        # The parser knows no letters beyond ASCII: it is shown a stand-in for each.
        address = Address(addr_spec=f"{BEYOND_ASCII.sub('x', local)}@{ascii_domain}")
        if not local.isascii():
            address = Address(username=local, domain=ascii_domain)
    except (ValueError, MessageError, IndexError):
        raise SendFailed("the address is malformed", permanent=True) from None
    if not address.username or not address.domain:
        raise SendFailed("the address is malformed", permanent=True)
    return address


def sender_address(sender: str) -> str:
    """The bare address of "Name <address>"."""
    return parseaddr(sender)[1]


def _sender(sender: str) -> Address:
    name, address = parseaddr(sender)
    return Address(display_name=name, addr_spec=address)
