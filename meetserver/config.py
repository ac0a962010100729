"""Every setting: its environment variable is MEET_ and the field's name in capitals, or the same name in the TOML
file that MEET_CONFIG names. conf/settings.md is made from here. An unknown MEET_* variable stops the start.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from socket import gethostname
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.errors import ConfigError
from meetserver.ids import SHARD_PATTERN

PREFIX = "MEET_"
TESTS_PREFIX = "MEET_TEST_"
BUCKET_PATTERN = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?"


def _about(text: str, unit: str = "", **bounds: Any) -> Meta:
    return Meta(description=text, extra={"unit": unit}, **bounds)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: Annotated[str, _about("Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, _about("Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    public_url: Annotated[str, _about("What links in mails and ws_url start with. Empty: http://host:port.")] = ""
    data_dir: Annotated[str, _about("Folder of the SQLite file, secrets made at the first start, files, mails.")] = (
        "data"
    )
    database_url: Annotated[
        str, _about("sqlite:///path or postgresql://user:pass@host/name. Empty: SQLite in the data folder.")
    ] = ""
    database_pool: Annotated[int, _about("Connections to PostgreSQL beside the two committers'.", ge=2, le=200)] = 10
    redis_url: Annotated[
        str,
        _about(
            "redis://… or unix://…, Redis 7 or newer, of a cluster any node: shards meet there, and count rates. "
            "Empty: one process only."
        ),
    ] = ""
    shard_id: Annotated[
        str,
        _about("Name of this process; empty: the machine's. Who starts under a name supersedes its older holder."),
    ] = "shard-1"
    lease_ttl_s: Annotated[float, _about("Life of the shard's lease.", "s", ge=1, le=120)] = 10.0
    secret_key: Annotated[
        str, _about("Master secret, 32 characters or more. Empty with SQLite: made once, kept in the data folder.")
    ] = ""
    smtp_url: Annotated[str, _about("smtp://user:pass@host:port. Empty: each mail is a file in <data_dir>/mail.")] = ""
    mail_from: Annotated[str, _about("Sender of mails.")] = "meetserver <no-reply@localhost>"
    admin_email: Annotated[str, _about("First administrator, made at start if absent.")] = ""
    admin_password: Annotated[str, _about("Password of the first administrator.")] = ""
    require_verified_email: Annotated[bool, _about("Log in only after the e-mail address was verified.")] = True
    allowed_origins: Annotated[
        list[str], _about("Origins beside the public URL's own that browsers may call from (comma-separated).")
    ] = []
    trusted_proxies: Annotated[
        list[str],
        _about("Addresses and networks whose Forwarded, X-Forwarded-* and PROXY are believed (comma-separated)."),
    ] = []
    proxy_protocol: Annotated[bool, _about("Trusted proxies begin each connection with a PROXY header (v1 or v2).")] = (
        False
    )
    tls_cert: Annotated[
        str, _about("PEM file of the certificate chain: serve TLS directly. Read anew when changed.")
    ] = ""
    tls_key: Annotated[str, _about("PEM file with its private key.")] = ""
    database_tls: Annotated[
        Literal["", "require", "verify"], _about("TLS to PostgreSQL: not asked for, encrypted, or verified by ca_file.")
    ] = ""
    redis_tls_verify: Annotated[bool, _about("Verify the certificate behind rediss:// by ca_file.")] = True
    smtp_tls: Annotated[
        Literal["auto", "verify", "off"],
        _about("STARTTLS to the mail server: where it is offered, insisted on and verified, or never."),
    ] = "auto"
    ca_file: Annotated[str, _about("PEM file of authorities for TLS to other servers. Empty: the system's.")] = ""
    registration: Annotated[
        Literal["open", "closed"], _about("Whether people may sign up by themselves; else administrators invite them.")
    ] = "open"
    oidc_providers: Annotated[
        list[dict[str, Any]],
        _about("OpenID Connect providers (JSON), as docs/decisions/0018-single-sign-on.md describes them."),
    ] = []
    rate_factor: Annotated[float, _about("All rate limits times this; 0 turns them off.", ge=0, le=1000)] = 1.0
    max_connections: Annotated[int, _about("Open connections of one process.", ge=10)] = 20_000
    max_connections_per_address: Annotated[
        int, _about("Of them from one address (IPv6: one /64), proxies that are trusted and this machine aside.", ge=1)
    ] = 500
    max_members: Annotated[
        int,
        _about("People in the rooms of one process; at it newcomers are told to come later, or go to others.", ge=1),
    ] = 10_000
    ice_servers: Annotated[list[dict[str, Any]], _about("RTCIceServer objects given to clients (JSON).")] = []
    access_token_life_s: Annotated[int, _about("Life of an access token.", "s", ge=60, le=3600)] = 600
    refresh_token_life_s: Annotated[int, _about("Life of an unused refresh token or cookie session.", "s", ge=600)] = (
        30 * 86400
    )
    bcrypt_cost: Annotated[int, _about("log2 of bcrypt's rounds.", ge=4, le=16)] = 12
    resume_window_s: Annotated[float, _about("A dropped socket keeps its place for this long.", "s", gt=0, le=3600)] = (
        120.0
    )
    files_url: Annotated[
        str,
        _about(
            "Where files are kept: s3://bucket or s3://bucket/prefix (extra `s3`). Empty: <data_dir>/files, which all "
            "processes must see."
        ),
    ] = ""
    s3_endpoint: Annotated[str, _about("URL of a server that speaks S3's protocol. Empty: Amazon's.")] = ""
    s3_region: Annotated[str, _about("Region of the bucket.")] = "us-east-1"
    s3_access_key: Annotated[
        str, _about("Name of the key to the bucket. Empty: AWS_* variables, or the machine's role.")
    ] = ""
    s3_secret_key: Annotated[str, _about("The key itself.")] = ""
    files_direct: Annotated[
        bool,
        _about(
            "Clients may put files into the bucket, and get sealed parts from it, by presigned URLs (docs/direct.md)."
        ),
    ] = False
    s3_public_endpoint: Annotated[
        str, _about("The endpoint in presigned URLs, where clients reach it by another name. Empty: s3_endpoint.")
    ] = ""
    file_max_bytes: Annotated[int, _about("Largest file that people may upload.", "bytes", ge=1)] = 1 << 30
    files_per_user_bytes: Annotated[
        int, _about("All files that one account brought, and guests to its meetings.", "bytes", ge=1)
    ] = 10 << 30
    files_per_meeting_bytes: Annotated[int, _about("All files of one meeting.", "bytes", ge=1)] = 5 << 30
    files_total_bytes: Annotated[int, _about("All files of the server; 0: as much as fits.", "bytes", ge=0)] = 0
    files_disk_reserve_bytes: Annotated[
        int, _about("No files are taken that would leave less of the data folder's disk free.", "bytes", ge=0)
    ] = 256 << 20
    files_kept_days: Annotated[
        int,
        _about("Files go after so many days, earlier where a meeting says so; 0: with their meeting.", ge=0, le=36_500),
    ] = 0
    retention_days: Annotated[
        int,
        _about(
            "What happened in rooms, and was said, goes after so many days, earlier where a meeting says so; 0: never.",
            ge=0,
            le=limits.RETENTION_DAYS,
        ),
    ] = 0
    clamd_url: Annotated[
        str, _about("clamd that scans files: unix:///run/clamav/clamd.ctl or tcp://host:port. Empty: none.")
    ] = ""
    clamd_when_away: Annotated[
        Literal["hold", "allow"],
        _about("Files that clamd cannot look at, because it is away or they are too large: held back, or given out."),
    ] = "hold"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _about("Least severe line that is logged.")] = (
        "info"
    )
    log_format: Annotated[Literal["text", "json"], _about("Lines for people or for programs.")] = "text"

    @property
    def is_sqlite(self) -> bool:
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def url(self) -> str:
        """Public URL without a trailing slash."""
        scheme = "https" if self.tls_cert else "http"
        return (self.public_url or f"{scheme}://{self.host}:{self.port}").rstrip("/")

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir)


def load_config(environ: Mapping[str, str] = os.environ, **overrides: Any) -> Config:
    """Defaults, then the TOML file, then the environment, then `overrides` (command line).

    Raises ConfigError with a sentence that names the setting.
    """
    raw: dict[str, Any] = {}
    path = environ.get("MEET_CONFIG")
    if path:
        try:
            raw |= tomllib.loads(Path(path).read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"MEET_CONFIG={path}: {error}") from None
    fields = {field.name: field for field in msgspec.structs.fields(Config)}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name.startswith(TESTS_PREFIX) or name == "MEET_CONFIG":
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in fields:
            raise ConfigError(f"{name} is not a setting of meetserver; conf/settings.md lists them")
        raw[field] = _parsed(field, value)
    raw |= {name: value for name, value in overrides.items() if value is not None}
    try:
        config = msgspec.convert(raw, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"bad setting: {error}") from None
    _check(config)
    return config if config.shard_id else replace(config, shard_id=gethostname())


def _parsed(field: str, value: str) -> Any:
    if field in ("allowed_origins", "trusted_proxies"):
        return [one.strip() for one in value.split(",") if one.strip()]
    if field in ("ice_servers", "oidc_providers"):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise ConfigError(f"{PREFIX}{field.upper()} is not JSON: {error}") from None
    return value


def _check(config: Config) -> None:
    if config.database_url and not config.database_url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ConfigError("MEET_DATABASE_URL must start with sqlite:/// or postgresql://")
    if config.shard_id and not re.fullmatch(SHARD_PATTERN, config.shard_id):
        raise ConfigError("MEET_SHARD_ID must be letters, digits, dots, dashes and underscores, at most 64")
    if config.secret_key and len(config.secret_key) < 32:
        raise ConfigError("MEET_SECRET_KEY must have 32 characters or more; `openssl rand -base64 32` makes one")
    if not config.is_sqlite and not config.secret_key:
        raise ConfigError(
            "MEET_SECRET_KEY is needed with PostgreSQL: all shards must share it; `openssl rand -base64 32` makes one"
        )
    if bool(config.admin_email) != bool(config.admin_password):
        raise ConfigError("MEET_ADMIN_EMAIL and MEET_ADMIN_PASSWORD go together")
    if config.files_url and not re.fullmatch(BUCKET_PATTERN, config.files_url):
        raise ConfigError("MEET_FILES_URL must be s3://bucket or s3://bucket/prefix; empty it means the data folder")
    if config.s3_endpoint and not config.s3_endpoint.startswith(("http://", "https://")):
        raise ConfigError("MEET_S3_ENDPOINT must start with http:// or https://")
    if config.s3_public_endpoint and not config.s3_public_endpoint.startswith(("http://", "https://")):
        raise ConfigError("MEET_S3_PUBLIC_ENDPOINT must start with http:// or https://")
    if config.files_direct and not config.files_url:
        raise ConfigError("MEET_FILES_DIRECT is of use with MEET_FILES_URL=s3://… only: a disk has no presigned URLs")
    if bool(config.s3_access_key) != bool(config.s3_secret_key):
        raise ConfigError("MEET_S3_ACCESS_KEY and MEET_S3_SECRET_KEY go together")
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("MEET_TLS_CERT and MEET_TLS_KEY go together")
    for proxy in config.trusted_proxies:
        try:
            ip_network(proxy, strict=False)
        except ValueError:
            raise ConfigError(f"MEET_TRUSTED_PROXIES: {proxy} is neither an address nor a network") from None
