"""A real SMTP server on loopback, in the test's own loop, that does as it is told."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class SmtpPeer:
    """`envelopes` is what it took. `say` maps a command (RCPT, DATA) to its next answers."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.logins: list[tuple[str, str]] = []
        self.was_tls: list[bool] = []
        self.say: dict[str, list[str]] = {}
        self.drops_after_data = False
        self.hangs = False
        self.port = 0

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        answer = self._answer("RCPT")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self._answer("DATA")
        if answer.startswith("250"):
            self.envelopes.append(envelope)
            self.was_tls.append(session.ssl is not None)
        if self.drops_after_data:
            _abort(server)
        return answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, auth: Any
    ) -> AuthResult:
        assert isinstance(auth, LoginPassword)
        login = (auth.login.decode(), auth.password.decode())
        self.logins.append(login)
        return AuthResult(success=login[1] == "right p@ss", handled=False)

    def _answer(self, command: str) -> str:
        answers = self.say.get(command, [])
        return answers.pop(0) if answers else "250 fine"


@asynccontextmanager
async def smtp_peer(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[SmtpPeer]:
    """`starttls`: offered; `tls`: from the start."""
    peer = SmtpPeer()
    sessions: list[SMTP] = []

    def accept() -> SMTP:
        session = SMTP(
            peer,
            hostname="peer.example",
            tls_context=starttls,
            authenticator=peer.authenticate,
            auth_require_tls=starttls is not None,
            loop=asyncio.get_running_loop(),
            **options,
        )
        sessions.append(session)
        return session

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        handlers = [session._handler_coroutine for session in sessions if session._handler_coroutine]
        for session in sessions:
            _abort(session)
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


def _abort(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.WriteTransport):
        # Python 3.11.2's TLS transport, once lost, fails at what should do nothing.
        with contextlib.suppress(AttributeError):
            session.transport.abort()


def certificate_for_loopback(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a fresh certificate for 127.0.0.1, and a client's that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "peer.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))
