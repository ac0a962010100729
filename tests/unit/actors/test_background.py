"""Short tasks beside an actor: what becomes of those that fail, and of those that never began."""

import asyncio

import pytest

from meetserver.actors.background import Background


async def fails() -> None:
    raise ZeroDivisionError


async def test_whoever_asked_to_be_told_is_told_of_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    background, told = Background(), list[BaseException]()
    background.start(fails(), told.append)
    await background.finish()
    await asyncio.sleep(0)
    assert [type(error) for error in told] == [ZeroDivisionError]
    assert caplog.text == ""


async def test_else_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    background.start(fails())
    await background.finish()
    await asyncio.sleep(0)
    assert "action=background_failed" in caplog.text


async def test_one_that_ends_before_it_began_is_no_failure() -> None:
    background, told = Background(), list[BaseException]()
    background.start(fails(), told.append)
    await background.close()
    assert told == []
