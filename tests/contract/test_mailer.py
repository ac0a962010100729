"""What every Mailer keeps to; what the SMTP one does when its server refuses, and the file one when it is cut off."""

import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from meetserver.adapters.mailer import FileMailer, SmtpMailer, open_mailer
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.mailer import SENDER, MemoryMailer
from meetserver.adapters.memory.random import SeededRandom
from meetserver.config import load_config
from meetserver.errors import ConfigError, SendFailed
from meetserver.mail.message import build_message
from meetserver.ports import Mail, Mailer
from tests.contract.smtp_peer import SmtpPeer, certificate_for_loopback, smtp_peer

MAIL = Mail(
    to="ada@example.org",
    subject="Bestätige deine Adresse – 確認",
    text="Grüße\n\nhttps://meet.example/verify#" + "x" * 200 + "\n.\n.eine Zeile\n",
    html="<p>Grüße</p>",
    message_id="<abc123@meet.example>",
    headers={"X-Meeting": "m1"},
)


class Post:
    """A mailer, and what arrived at its other end."""

    def __init__(self, mailer: Mailer, arrived: Callable[[], list[EmailMessage]]) -> None:
        self.mailer = mailer
        self.arrived = arrived


@pytest.fixture
async def peer() -> AsyncIterator[SmtpPeer]:
    async with smtp_peer() as peer:
        yield peer


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


@pytest.fixture(params=["memory", "file", "smtp"])
async def post(request: pytest.FixtureRequest, tmp_path: Path, peer: SmtpPeer) -> Post:
    clock = ManualClock()
    if request.param == "memory":
        memory = MemoryMailer(clock)
        return Post(
            memory, lambda: [_parsed(build_message(mail, SENDER, clock.now()).as_bytes()) for mail in memory.sent]
        )
    if request.param == "file":
        return Post(
            FileMailer(tmp_path / "mail", SENDER, clock, SeededRandom()),
            lambda: [_parsed(path.read_bytes()) for path in sorted((tmp_path / "mail").glob("*.eml"))],
        )
    return Post(
        SmtpMailer(f"smtp://127.0.0.1:{peer.port}", SENDER, clock),
        lambda: [_parsed(envelope.original_content or b"") for envelope in peer.envelopes],
    )


async def test_a_mail_arrives_as_it_was_meant(post: Post) -> None:
    await post.mailer.send(MAIL)
    (message,) = post.arrived()
    assert message["To"] == "ada@example.org"
    assert message["From"] == "meetserver <no-reply@meet.example>"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<abc123@meet.example>"
    assert message["Date"] == "Mon, 07 Jan 2030 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Meeting"] == "m1"
    text, html = message.get_body(["plain"]), message.get_body(["html"])
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().strip() == "<p>Grüße</p>"


async def test_mails_arrive_in_order(post: Post) -> None:
    for number in range(3):
        await post.mailer.send(msgspec.structs.replace(MAIL, subject=str(number), html=None))
        _tick(post)
    assert [message["Subject"] for message in post.arrived()] == ["0", "1", "2"]


def _tick(post: Post) -> None:
    clock = getattr(post.mailer, "_clock", None)
    assert isinstance(clock, ManualClock)
    clock.advance(0.000001)


EVIL = "x\r\nBcc: eve@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": EVIL},
        {"subject": "x\nBcc: eve@example.org"},
        {"subject": "x\rBcc: eve@example.org"},
        {"subject": "x\x00y"},
        {"subject": "x\u2028Bcc: eve@example.org"},
        {"subject": "x\x85Bcc: eve@example.org"},
        {"subject": "lone \ud800 surrogate"},
        {"to": "ada@example.org\r\nBcc: eve@example.org"},
        {"to": "ada@example.org, eve@example.org"},
        {"to": "Ada <ada@example.org>"},
        {"to": "ada@example.org>\r\nRCPT TO:<eve@example.org"},
        {"to": "ada"},
        {"to": "@example.org"},
        {"to": "ada@"},
        {"to": ""},
        {"to": "ada@exa mple.org"},
        {"to": "ada@" + "ü" * 70 + ".example"},
        {"message_id": ""},
        {"message_id": "<a@b>\r\nBcc: eve@example.org"},
        {"headers": {"X-Meeting": EVIL}},
        {"headers": {"X-Meeting: 1\r\nBcc": "eve@example.org"}},
        {"headers": {"Bcc": "eve@example.org"}},
        {"headers": {"to": "eve@example.org"}},
        {"headers": {"Content-Type": "text/html"}},
    ],
    ids=repr,
)
async def test_nothing_in_a_mail_adds_a_header_or_a_recipient(post: Post, changes: dict[str, object]) -> None:
    with pytest.raises(SendFailed) as failed:
        await post.mailer.send(msgspec.structs.replace(MAIL, **changes))
    assert failed.value.permanent
    assert not post.arrived()


async def test_a_domain_in_letters_beyond_ascii_is_written_in_ascii(post: Post) -> None:
    await post.mailer.send(msgspec.structs.replace(MAIL, to="ada@bücher.example"))
    (message,) = post.arrived()
    assert message["To"] == "ada@xn--bcher-kva.example"


# --- files


async def test_a_mail_file_is_the_owners_and_its_name_begins_with_the_time(tmp_path: Path) -> None:
    await FileMailer(tmp_path / "mail", SENDER, ManualClock(), SeededRandom()).send(MAIL)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name.startswith("20300107T120000.000000Z-")
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_cannot_be_written_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(SendFailed) as failed:
        await FileMailer(tmp_path / "mail", SENDER, ManualClock(), SeededRandom()).send(MAIL)
    assert not failed.value.permanent


async def test_what_could_not_be_written_whole_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(SendFailed, match="No space left"):
        await FileMailer(tmp_path / "mail", SENDER, ManualClock(), SeededRandom()).send(MAIL)
    assert not list((tmp_path / "mail").iterdir())


# --- SMTP


def _smtp(peer: SmtpPeer, login: str = "", scheme: str = "smtp", tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(f"{scheme}://{login}127.0.0.1:{peer.port}", SENDER, ManualClock(), tls=tls)


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "451 greylisted", False),
        ("DATA", "554 spam", True),
        ("DATA", "452 disk full", False),
        ("DATA", "421 going down", False),
    ],
)
async def test_a_refusal_says_whether_to_try_again(peer: SmtpPeer, command: str, answer: str, permanent: bool) -> None:
    peer.say[command] = [answer]
    with pytest.raises(SendFailed, match=answer.split()[0]) as failed:
        await _smtp(peer).send(MAIL)
    assert failed.value.permanent is permanent
    await _smtp(peer).send(MAIL)
    assert len(peer.envelopes) == 1


async def test_the_envelope_names_the_one_recipient(peer: SmtpPeer) -> None:
    await _smtp(peer).send(MAIL)
    (envelope,) = peer.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@meet.example", ["ada@example.org"])


async def test_a_server_that_is_away_is_a_temporary_failure(peer: SmtpPeer, unused_tcp_port: int) -> None:
    peer.port = unused_tcp_port
    with pytest.raises(SendFailed) as failed:
        await _smtp(peer).send(MAIL)
    assert not failed.value.permanent


async def test_a_connection_lost_after_the_data_is_a_temporary_failure(peer: SmtpPeer) -> None:
    peer.drops_after_data = True
    with pytest.raises(SendFailed) as failed:
        await _smtp(peer).send(MAIL)
    assert not failed.value.permanent


async def test_a_server_that_hangs_is_a_temporary_failure(peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetserver.adapters.mailer.DIALOGUE_TIMEOUT_S", 0.05)
    peer.hangs = True
    with pytest.raises(SendFailed) as failed:
        await _smtp(peer).send(MAIL)
    assert not failed.value.permanent


async def test_a_login_is_sent_over_starttls(tmp_path: Path) -> None:
    server, client = certificate_for_loopback(tmp_path)
    async with smtp_peer(starttls=server) as peer:
        await _smtp(peer, "me%40example.org:right%20p%40ss@", tls=client).send(MAIL)
    assert peer.logins == [("me@example.org", "right p@ss")]
    assert peer.was_tls == [True]


async def test_tls_from_the_start(tmp_path: Path) -> None:
    server, client = certificate_for_loopback(tmp_path)
    async with smtp_peer(tls=server) as peer:
        await _smtp(peer, scheme="smtps", tls=client).send(MAIL)
    assert len(peer.envelopes) == 1


async def test_a_certificate_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    server, _ = certificate_for_loopback(tmp_path)
    async with smtp_peer(starttls=server) as peer:
        with pytest.raises(SendFailed, match="certificate") as failed:
            await _smtp(peer).send(MAIL)
    assert not failed.value.permanent
    assert not peer.envelopes


async def test_a_wrong_password_is_no_fault_of_the_mail(tmp_path: Path) -> None:
    server, client = certificate_for_loopback(tmp_path)
    async with smtp_peer(starttls=server) as peer:
        with pytest.raises(SendFailed, match="535") as failed:
            await _smtp(peer, "me:wrong@", tls=client).send(MAIL)
    assert not failed.value.permanent
    assert "wrong" not in str(failed.value)


async def test_a_password_is_not_sent_in_the_clear(peer: SmtpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetserver.adapters.mailer.LOOPBACK", set())
    with pytest.raises(SendFailed, match="STARTTLS"):
        await _smtp(peer, "me:right%20p%40ss@").send(MAIL)
    assert not peer.logins


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(peer: SmtpPeer) -> None:
    mail = msgspec.structs.replace(MAIL, to="günther@example.org")
    with pytest.raises(SendFailed, match="ASCII") as failed:
        await _smtp(peer).send(mail)
    assert failed.value.permanent
    async with smtp_peer(enable_SMTPUTF8=True) as modern:
        await _smtp(modern).send(mail)
    (envelope,) = modern.envelopes
    assert envelope.rcpt_tos == ["günther@example.org"]
    assert "To: günther@example.org".encode() in (envelope.original_content or b"")


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://host:port", "smtp://host:99999", "mail"])
def test_a_url_that_says_no_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="MEET_SMTP_URL"):
        SmtpMailer(url, SENDER, ManualClock())


def test_without_smtp_mails_are_files(tmp_path: Path) -> None:
    clock, random = ManualClock(), SeededRandom()
    config = load_config({}, data_dir=str(tmp_path))
    assert isinstance(open_mailer(config, clock, random), FileMailer)
    config = load_config({}, smtp_url="smtp://mail.example")
    assert isinstance(open_mailer(config, clock, random), SmtpMailer)
