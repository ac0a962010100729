"""What reaches the log stays one line there, and tells no secret."""

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from meetserver.config import Config
from meetserver.logs import set_up_logging

STRANGE = "x\n2026-01-01 [info] action=forged\r\x1b[2Jy\u2028z\u202e"

Lines = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    named = {name: logging.getLogger(name).level for name in ("aiohttp.access", "aiohttp_session", "alembic")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in named.items():
        logging.getLogger(name).setLevel(before)


def fail(password: str) -> None:
    raise RuntimeError("it failed")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_strangers_text_is_no_line_of_its_own(log_format: Literal["text", "json"], capsys: Lines) -> None:
    set_up_logging(Config(log_format=log_format))
    logging.getLogger("meetserver").warning("action=a name=%s", STRANGE)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert "action=a name=x" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_traceback_shows_no_values(log_format: Literal["text", "json"], capsys: Lines) -> None:
    set_up_logging(Config(log_format=log_format))
    try:
        fail("hush" + "-hush")
    except RuntimeError:
        logging.getLogger("meetserver").exception("action=failed")
    said = capsys.readouterr().err
    assert "RuntimeError: it failed" in said
    assert "hush-hush" not in said


def test_lines_for_programs_are_json_with_the_time_in_utc(capsys: Lines) -> None:
    set_up_logging(Config(log_format="json"))
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("meetserver.access").info("action=request")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["logger"]) == ("action=request", "info", "meetserver.access")
    assert line["request_id"] == "r1"
    assert line["timestamp"].endswith("Z")


def test_logs_go_to_standard_error_and_nowhere_else(capsys: Lines) -> None:
    set_up_logging(Config())
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    logging.getLogger("meetserver").error("action=a")
    assert capsys.readouterr().out == ""


def test_what_libraries_say_of_each_request_is_not_logged() -> None:
    set_up_logging(Config())
    assert not logging.getLogger("aiohttp.access").isEnabledFor(logging.INFO)
