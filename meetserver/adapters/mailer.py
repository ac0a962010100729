"""Mails on their way out: to an SMTP server, or, where none is set, as files for somebody to look at."""

import asyncio
import os
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
from msgspec import Struct

from meetserver.adapters.disk import sync_folder
from meetserver.adapters.tls import verifying
from meetserver.config import Config
from meetserver.errors import ConfigError, SendFailed
from meetserver.mail.message import build_message, recipient, sender_address
from meetserver.ports import Clock, Mail, Mailer, Random

DIALOGUE_TIMEOUT_S = 30.0
"""No answer to one SMTP command for this long: tried again later."""
PORTS = {"smtp": 587, "smtps": 465}
HOW_TO_SET = "MEET_SMTP_URL must look like smtp://user:password@host:port or smtps://user:password@host:port"
STARTTLS = {"auto": None, "verify": True, "off": False}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def open_mailer(config: Config, clock: Clock, random: Random) -> Mailer:
    if config.smtp_url:
        return SmtpMailer(
            config.smtp_url, config.mail_from, clock, tls=verifying(config), starttls=STARTTLS[config.smtp_tls]
        )
    return FileMailer(config.data_path / "mail", config.mail_from, clock, random)


class FileMailer:
    """Each mail a file of its own, <UTC time>-<id>.eml, whole or not there."""

    def __init__(self, folder: Path, sender: str, clock: Clock, random: Random) -> None:
        self._folder = folder
        self._sender = sender
        self._clock = clock
        self._random = random

    async def send(self, mail: Mail) -> None:
        now = self._clock.now()
        message = build_message(mail, self._sender, now)
        path = self._folder / f"{now:%Y%m%dT%H%M%S.%fZ}-{self._random.id()}.eml"
        try:
            await asyncio.to_thread(_write_whole, path, message.as_bytes())
        except OSError as error:
            raise SendFailed(f"{path}: {error.strerror}", permanent=False) from error


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    try:
        # Only the owner may read it: it holds single-use links.
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


class _Server(Struct, frozen=True):
    host: str
    port: int
    is_tls: bool
    user: str
    password: str


class SmtpMailer:
    """smtp://user:password@host:port, with STARTTLS, or smtps:// with TLS from the start.

    A password is only sent encrypted, or to this machine.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: bool | None = None,
    ) -> None:
        """`tls`: what to trust, instead of the system's certificates. `starttls`: insisted on, never, or (None) used
        where it is offered. Raises ConfigError for a URL it cannot use."""
        self._server = _parse(url)
        self._sender = sender
        self._address = sender_address(sender)
        self._clock = clock
        self._tls = tls
        self._starttls = starttls

    async def send(self, mail: Mail) -> None:
        message = build_message(mail, self._sender, self._clock.now())
        try:
            async with aiosmtplib.SMTP(
                hostname=self._server.host,
                port=self._server.port,
                use_tls=self._server.is_tls,
                start_tls=False if self._server.is_tls else self._starttls,
                tls_context=self._tls,
                timeout=DIALOGUE_TIMEOUT_S,
                # Otherwise the library asks the DNS for this machine's name, and blocks.
                local_hostname=self._address.rpartition("@")[2] or "localhost",
            ) as smtp:
                await self._log_in(smtp)
                await self._hand_over(smtp, message, mail)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Whatever is not about this one mail may be mended while it waits: a wrong password, say.
            raise SendFailed(f"{self._server.host}: {_words(error)}", permanent=False) from error

    async def _log_in(self, smtp: aiosmtplib.SMTP) -> None:
        if not self._server.user:
            return
        if smtp.get_transport_info("ssl_object") is None and self._server.host not in LOOPBACK:
            raise aiosmtplib.SMTPException("the server offers no STARTTLS, and a password is not sent in the clear")
        await smtp.login(self._server.user, self._server.password)

    async def _hand_over(self, smtp: aiosmtplib.SMTP, message: EmailMessage, mail: Mail) -> None:
        to = recipient(mail).addr_spec
        options: list[str] = []
        if not to.isascii():
            if not smtp.supports_extension("SMTPUTF8"):
                raise SendFailed("the mail server does not take addresses beyond ASCII", permanent=True)
            options = ["SMTPUTF8"]
        try:
            await smtp.sendmail(self._address, [to], message.as_bytes(), mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            _raise_for(refused.recipients[0])
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            _raise_for(error)


def _raise_for(error: aiosmtplib.SMTPResponseException) -> None:
    raise SendFailed(_words(error), permanent=500 <= error.code < 600) from error


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _parse(url: str) -> _Server:
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ConfigError(HOW_TO_SET) from None
    if not parts.hostname:
        raise ConfigError(HOW_TO_SET)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _Server(parts.hostname, port, parts.scheme == "smtps", user, password)
