"""Settings that make no sense stop the start with a sentence."""

import pytest

from meetserver.config import load_config
from meetserver.errors import ConfigError


@pytest.mark.parametrize("name", ["shard-1", "host.example.com", "a", "0_0", "x" * 64])
def test_a_shard_is_called_as_hosts_are(name: str) -> None:
    assert load_config({"MEET_SHARD_ID": name}).shard_id == name


@pytest.mark.parametrize("name", ["-1", ".", "..", "a/b", "a b", "naïve", "a\n", "x" * 65])
def test_what_could_not_stand_in_a_path_is_no_name_of_a_shard(name: str) -> None:
    with pytest.raises(ConfigError, match="MEET_SHARD_ID"):
        load_config({"MEET_SHARD_ID": name})


@pytest.mark.parametrize(
    "url", ["", "s3://meet", "s3://a.b-c", "s3://meet/files", "s3://meet/a/b.c/", "s3://" + "x" * 63]
)
def test_files_are_in_a_folder_or_in_a_bucket(url: str) -> None:
    assert load_config({"MEET_FILES_URL": url}).files_url == url


@pytest.mark.parametrize(
    "url",
    ["files", "file:///srv/files", "http://meet", "s3://", "s3://m", "s3://Meet", "s3://" + "x" * 64, "s3://meet//a",
     "s3://meet/a b", "s3://meet?x", "s3://user:pass@meet"],
)  # fmt: skip
def test_what_is_neither_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="MEET_FILES_URL must be s3://bucket"):
        load_config({"MEET_FILES_URL": url})


def test_a_key_to_a_bucket_has_two_halves() -> None:
    load_config({"MEET_S3_ACCESS_KEY": "meet", "MEET_S3_SECRET_KEY": "secret"})
    for half in ("MEET_S3_ACCESS_KEY", "MEET_S3_SECRET_KEY"):
        with pytest.raises(ConfigError, match="MEET_S3_ACCESS_KEY and MEET_S3_SECRET_KEY go together"):
            load_config({half: "half"})


def test_an_object_store_is_reached_by_http() -> None:
    load_config({"MEET_S3_ENDPOINT": "https://minio.example.com:9000"})
    with pytest.raises(ConfigError, match="MEET_S3_ENDPOINT must start with"):
        load_config({"MEET_S3_ENDPOINT": "minio.example.com:9000"})
    with pytest.raises(ConfigError, match="MEET_S3_PUBLIC_ENDPOINT must start with"):
        load_config({"MEET_S3_PUBLIC_ENDPOINT": "files.example.com"})


def test_clients_reach_no_store_on_a_disk() -> None:
    load_config({"MEET_FILES_DIRECT": "true", "MEET_FILES_URL": "s3://meet"})
    with pytest.raises(ConfigError, match="MEET_FILES_DIRECT is of use with MEET_FILES_URL"):
        load_config({"MEET_FILES_DIRECT": "true"})
