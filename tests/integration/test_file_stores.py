"""Shards that do not see each other's files do not start."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from meetserver.admin import adopt_files
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.errors import ConfigError
from tests.servers.s3 import S3Server

SECRET = "a master secret that is only for tests"


@pytest.fixture
def first(postgres_url: str, redis_url: str, tmp_path: Path) -> Config:
    folder = str(tmp_path / "first")
    return Config(database_url=postgres_url, redis_url=redis_url, secret_key=SECRET, data_dir=folder, bcrypt_cost=4)


@pytest.fixture
def second(first: Config, tmp_path: Path) -> Config:
    """On another machine."""
    return replace(first, shard_id="shard-2", data_dir=str(tmp_path / "second"))


async def test_a_shard_with_a_folder_of_its_own_does_not_start(first: Config, second: Config) -> None:
    async with open_server(first):
        with pytest.raises(ConfigError, match=r"not in .*/second/files.*MEET_FILES_URL=s3"):
            async with open_server(second):
                pass
        async with open_server(replace(second, data_dir=first.data_dir)):
            pass


async def test_with_a_bucket_each_may_have_its_own_folder(first: Config, second: Config, s3_server: S3Server) -> None:
    bucket = s3_server.config(prefix="shards")
    given = {name: getattr(bucket, name) for name in ("files_url", "s3_endpoint", "s3_access_key", "s3_secret_key")}
    async with open_server(replace(first, **given)), open_server(replace(second, **given)):
        pass


async def test_after_the_loss_of_a_folder_an_administrator_lets_the_server_begin_anew(
    first: Config, second: Config
) -> None:
    async with open_server(first):
        pass
    assert await adopt_files(second) == f"{second.data_dir}/files"
    async with open_server(second):
        pass
