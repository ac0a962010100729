"""Flooders are cut; who is a little too fast now and then is not. All tabs of a person share what one person may."""

import pytest

from meetserver import limits
from meetserver.http.flood import Bucket, Flood, People


def passed(flood: Flood, tries: int, now: float) -> int:
    return sum(flood.take(now) for _ in range(tries))


@pytest.mark.parametrize("sent_per_s", [1_000, 5_000, 20_000])
def test_a_flooder_is_cut(sent_per_s: int) -> None:
    """It keeps on at this rate whatever it is told: now and then the refilled bucket lets one of its commands pass."""
    flood = Flood(0.0)
    for number in range(60 * sent_per_s):
        flood.take(number / sent_per_s)
        if flood.is_flooding:
            return
    pytest.fail("a minute of flood was borne")


def test_somebody_a_little_too_fast_now_and_then_is_not_cut() -> None:
    flood = Flood(0.0)
    now = 0.0
    for _ in range(60):  # each minute a burst of half a second too many
        for _ in range(limits.COMMAND_BURST + limits.COMMAND_RATE_PER_S // 2):
            flood.take(now)
        assert not flood.is_flooding
        now += 60


def test_a_connection_has_its_burst_and_its_rate() -> None:
    flood = Flood(0.0)
    assert passed(flood, limits.COMMAND_BURST + 1, 0.0) == limits.COMMAND_BURST
    assert flood.retry_after_s == pytest.approx(1 / limits.COMMAND_RATE_PER_S)
    assert passed(flood, limits.COMMAND_RATE_PER_S + 1, 1.0) == limits.COMMAND_RATE_PER_S


class Crowd:
    """Connections and their people."""

    def __init__(self) -> None:
        self.people = People()

    def connect(self, person: str, now: float = 0.0) -> Flood:
        flood = Flood(now)
        flood.person = self.people.enter(person, now)
        return flood


@pytest.fixture
def crowd() -> Crowd:
    return Crowd()


def test_three_tabs_of_one_person_share_one_burst(crowd: Crowd) -> None:
    tabs = [crowd.connect("ann") for _ in range(3)]
    assert sum(passed(tab, limits.COMMAND_BURST, 0.0) for tab in tabs) == limits.PERSON_BURST
    assert tabs[2].retry_after_s == pytest.approx(1 / limits.PERSON_RATE_PER_S)


def test_three_tabs_of_one_person_share_one_rate(crowd: Crowd) -> None:
    tabs = [crowd.connect("ann") for _ in range(3)]
    for tab in tabs:
        passed(tab, limits.COMMAND_BURST, 0.0)
    later = sum(passed(tab, limits.COMMAND_RATE_PER_S, 1.0) for tab in tabs)
    assert later == limits.PERSON_RATE_PER_S


def test_others_have_their_own(crowd: Crowd) -> None:
    for _ in range(3):
        passed(crowd.connect("ann"), limits.COMMAND_BURST, 0.0)
    assert passed(crowd.connect("bo"), limits.COMMAND_BURST, 0.0) == limits.COMMAND_BURST


def test_a_tab_that_does_not_listen_is_cut_for_its_persons_limit_too(crowd: Crowd) -> None:
    for _ in range(2):
        passed(crowd.connect("ann"), limits.COMMAND_BURST, 0.0)
    third = crowd.connect("ann")
    for _ in range(limits.FLOOD_REFUSALS + 1):
        assert not third.is_flooding
        third.take(0.0)
    assert third.is_flooding


def test_coming_back_earns_no_new_burst(crowd: Crowd) -> None:
    for _ in range(2):
        passed(crowd.connect("ann"), limits.COMMAND_BURST, 0.0)
        crowd.people.leave("ann", 0.0)
    assert passed(crowd.connect("ann", 0.0), 1, 0.0) == 0


def test_somebody_who_has_gone_is_forgotten_when_their_burst_is_whole(crowd: Crowd) -> None:
    whole_s = limits.PERSON_BURST / limits.PERSON_RATE_PER_S
    passed(crowd.connect("ann"), limits.COMMAND_BURST, 0.0)
    crowd.people.leave("ann", 0.0)
    crowd.connect("bo")
    crowd.people.leave("bo", 0.0)
    assert len(crowd.people) == 2
    crowd.connect("cy", whole_s)
    crowd.people.leave("cy", whole_s)
    assert len(crowd.people) == 0


def test_no_more_than_so_many_who_have_gone_are_remembered(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PERSONS_REMEMBERED", 3)
    for number in range(4):
        passed(crowd.connect(f"p{number}"), 1, 0.0)
        crowd.people.leave(f"p{number}", 0.0)
    assert len(crowd.people) == 3
    crowd.connect("p0")
    assert len(crowd.people) == 4, "it was forgotten, and is new"


def test_whoever_is_still_here_with_another_tab_is_not_forgotten(crowd: Crowd) -> None:
    first = crowd.connect("ann")
    crowd.connect("ann")
    passed(first, limits.COMMAND_BURST, 0.0)
    crowd.people.leave("ann", 1000.0)
    assert crowd.people.enter("ann", 1000.0) is first.person


def test_the_setting_for_all_rates_holds_here_too() -> None:
    loose = People(2.0).enter("ann", 0.0)
    assert loose is not None
    assert sum(loose.take(0.0) for _ in range(3 * limits.PERSON_BURST)) == 2 * limits.PERSON_BURST
    off = People(0.0)
    assert off.enter("ann", 0.0) is None
    off.leave("ann", 0.0)
    assert len(off) == 0


def test_the_wait_it_tells_is_never_none() -> None:
    assert Bucket(0.0, 1000, 5).retry_after_s > 0
