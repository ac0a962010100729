"""Where the master secret comes from: the setting, or, with embedded SQLite, a file made at the first start."""

import os
import secrets
from pathlib import Path

from meetserver.config import Config
from meetserver.errors import ConfigError

FILE_NAME = "secret.key"


def master_secret(config: Config) -> bytes:
    """MEET_SECRET_KEY, else the content of <data_dir>/secret.key, which is made when absent.

    Raises ConfigError when the file cannot be made or read, or is open to other users.
    """
    if config.secret_key:
        return config.secret_key.encode()
    path = config.data_path / FILE_NAME
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; the server keeps its master secret there") from None


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise ConfigError(f"{path} is open to other users; `chmod 600 {path}` mends that")
    secret = path.read_bytes().strip()
    if len(secret) < 32:
        raise ConfigError(f"{path} is damaged: bring it back from a backup, without it sealed data cannot be read")
    return secret


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(32).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike a rename it never replaces what another process just made
        except FileExistsError:
            return
    finally:
        os.unlink(temporary)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
