"""Which errors of a connection leave open what became of a statement."""

import asyncpg
import pytest

from meetserver.adapters.postgres import is_connection_loss


@pytest.mark.parametrize(
    ("error", "is_loss"),
    [
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"), True),
        (asyncpg.AdminShutdownError("terminating connection due to administrator command"), True),
        (asyncpg.DataError("invalid input for query argument $1"), False),
        (asyncpg.UniqueViolationError("duplicate key"), False),
    ],
)
def test_is_connection_loss(error: Exception, is_loss: bool) -> None:
    assert is_connection_loss(error) is is_loss
