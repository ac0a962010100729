"""The table of who may do what."""

from typing import get_args

import pytest

from meetserver.access import COMMANDS, may
from meetserver.messages import Role
from meetserver.rooms.catalog import PLANNED, WIRE_COMMANDS


def test_every_command_of_the_wire_has_a_row_and_no_row_is_left_over() -> None:
    assert {row.partition(":")[0] for row in COMMANDS} <= {command.type for command in WIRE_COMMANDS} | PLANNED


def test_a_host_may_do_everything() -> None:
    assert all(may(["host"], row) for row in COMMANDS)


@pytest.mark.parametrize("what", ["participant.join", "participant.leave", "room.configure", "no.such", ""])
def test_what_has_no_row_is_nobodys(what: str) -> None:
    assert not any(may([role], what) for role in get_args(Role))


def test_roles_are_ranked() -> None:
    """Whatever a lower role may do, the higher ones may too."""
    ranked: list[Role] = ["viewer", "participant", "cohost", "host"]
    for row in COMMANDS:
        granted = [may([role], row) for role in ranked]
        assert granted == sorted(granted), row
