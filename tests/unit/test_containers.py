"""What the containers are made of says what the code says."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from meetserver import limits
from meetserver.config import Config, load_config

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NGINX = (ROOT / "conf" / "nginx.conf").read_text()
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
EXAMPLE = (ROOT / "conf" / "env.example").read_text()
SETTINGS = {f"MEET_{field.name.upper()}" for field in msgspec.structs.fields(Config)}
SHARD = COMPOSE["services"]["shard"]


@pytest.mark.parametrize("text", [DOCKERFILE, COMPOSE_TEXT, EXAMPLE], ids=["Dockerfile", "compose", "env.example"])
def test_every_variable_is_a_setting(text: str) -> None:
    named = set(re.findall(r"\bMEET_[A-Z_]+\b", text))
    assert named
    assert named <= SETTINGS


def test_what_compose_asks_for_stands_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert asked == {"MEET_SECRET_KEY", "POSTGRES_PASSWORD", "MEET_PUBLIC_URL", "LISTEN", "OUTER_PROXIES", "SUBNET"}
    assert asked <= set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))


@pytest.mark.parametrize("secret", ["MEET_SECRET_KEY", "POSTGRES_PASSWORD"])
def test_secrets_have_to_be_given(secret: str) -> None:
    uses = re.findall(rf"\$\{{{secret}(.)", COMPOSE_TEXT)
    assert uses
    assert set(uses) == {":"}
    assert f"${{{secret}:?" in COMPOSE_TEXT
    assert f"${{{secret}:-" not in COMPOSE_TEXT
    assert re.search(rf"^{secret}=$", EXAMPLE, re.MULTILINE)
    assert secret not in DOCKERFILE


def test_nothing_gets_into_a_layer_that_is_not_named() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == {
        "constraints.txt",
        "pyproject.toml",
        "README.md",
        "setup.cfg",
        "setup.py",
        "meetserver",
        "schema",
    }


def test_shards_are_not_root_and_have_the_time_to_drain() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE
    assert int(SHARD["stop_grace_period"].removesuffix("s")) > limits.DRAIN_S


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert {name for name, service in COMPOSE["services"].items() if "front" in service["networks"]} == {
        "nginx",
        "shard",
    }


def test_proxies_are_believed_in_the_network_that_is_made() -> None:
    subnet = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert SHARD["environment"]["MEET_TRUSTED_PROXIES"] == subnet


def test_a_shard_without_a_name_has_its_machines() -> None:
    assert SHARD["environment"]["MEET_SHARD_ID"] == ""
    assert load_config({"MEET_SHARD_ID": ""}).shard_id == Path("/proc/sys/kernel/hostname").read_text().strip()
    assert load_config({}).shard_id == "shard-1"


def test_the_proxy_keeps_the_shards_limits() -> None:
    def seconds(name: str) -> list[float]:
        return [float(value) for value in re.findall(rf"^\s*{name} (\d+)s;$", NGINX, re.MULTILINE)]

    assert seconds("client_header_timeout") == [limits.HEAD_S]
    assert seconds("client_body_timeout") == [limits.BODY_S]
    assert seconds("keepalive_timeout") == [limits.KEEP_ALIVE_S]
    assert min(seconds("proxy_read_timeout")) > limits.BODY_S
    assert int(re.findall(r"client_max_body_size (\d+)m;", NGINX)[0]) * 1024 * 1024 >= limits.BODY_BYTES
    assert f"limit_conn addresses {Config().max_connections_per_address};" in NGINX


def test_the_proxy_outlasts_the_silence_after_which_a_socket_is_pinged() -> None:
    assert int(re.findall(r"proxy_send_timeout (\d+)s;", NGINX)[0]) > limits.PING_S + limits.PONG_TIMEOUT_S


def test_both_kinds_of_calls_tell_the_shard_the_same_about_the_client() -> None:
    said = re.findall(r"^\s*proxy_set_header ((?:Host|X-Forwarded-\w+|Forwarded) .*);$", NGINX, re.MULTILINE)
    assert said[: len(said) // 2] == said[len(said) // 2 :]
    assert len(said) == 10
