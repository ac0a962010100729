import pytest

from meetserver import limits
from meetserver.errors import RateLimited
from meetserver.http.newcomers import Newcomers

STRANGER = "203.0.113.7"


def test_one_address_has_so_many() -> None:
    newcomers = Newcomers()
    entered = [newcomers.enter(STRANGER) for _ in range(limits.WAITING_SOCKETS_PER_ADDRESS)]
    with pytest.raises(RateLimited) as refused:
        newcomers.enter(STRANGER)
    assert refused.value.refusal.retry_after_s == limits.HELLO_TIMEOUT_S
    newcomers.enter("203.0.113.8")
    entered[0].leave()
    entered[0].leave()
    newcomers.enter(STRANGER)
    with pytest.raises(RateLimited):
        newcomers.enter(STRANGER)


def test_a_network_of_ipv6_is_one_address() -> None:
    newcomers = Newcomers()
    for number in range(limits.WAITING_SOCKETS_PER_ADDRESS):
        newcomers.enter(f"2001:db8::{number:x}")
    with pytest.raises(RateLimited):
        newcomers.enter("2001:db8::ffff")
    newcomers.enter("2001:db8:0:1::1")


def test_behind_this_machine_stand_many() -> None:
    newcomers = Newcomers()
    for _ in range(limits.WAITING_SOCKETS_PER_ADDRESS + 1):
        newcomers.enter("127.0.0.1")


def test_with_all_places_taken_the_eldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_SOCKETS", 3)
    newcomers, cut = Newcomers(), list[int]()
    for number in range(5):
        newcomer = newcomers.enter(f"203.0.113.{number}")
        newcomer.cut = lambda number=number: cut.append(number)
    assert cut == [0, 1]
    assert len(newcomers) == 3
