"""Which database it is, by its URL."""

from pathlib import Path

from meetserver.adapters.postgres import open_postgres
from meetserver.adapters.sqlite import FILE_NAME, open_sqlite
from meetserver.config import Config
from meetserver.database import Database


def open_database(config: Config) -> Database:
    """No connection is made yet. The caller closes it."""
    return open_sqlite(sqlite_path(config)) if config.is_sqlite else open_postgres(config)


def sqlite_path(config: Config) -> Path:
    """sqlite:///relative, sqlite:////absolute; empty is a file in the data folder."""
    return Path(config.database_url.removeprefix("sqlite:///") or config.data_path / FILE_NAME)
