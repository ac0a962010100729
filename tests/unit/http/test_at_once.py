"""So many long answers at the same time, and no more."""

import pytest

from meetserver.errors import Busy, RateLimited
from meetserver.http.at_once import AtOnce


def test_of_one_and_of_all() -> None:
    at_once = AtOnce(2, 3)
    with at_once.one_more("ann"), at_once.one_more("ann"):
        with pytest.raises(RateLimited), at_once.one_more("ann"):
            pass
        with at_once.one_more("bo"), pytest.raises(Busy), at_once.one_more("cy"):
            pass
        assert at_once.under_way == 2
    assert at_once.under_way == 0


def test_a_turn_ends_however_it_ends() -> None:
    at_once = AtOnce(1, 1)
    with pytest.raises(ZeroDivisionError), at_once.one_more("ann"):
        raise ZeroDivisionError
    with at_once.one_more("ann"):
        pass
