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
