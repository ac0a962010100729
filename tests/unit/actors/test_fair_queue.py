"""Senders take turns; each one's own order stays, and so does that of what was taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetserver.actors.fair_queue import FairQueue


def given_queue(limit: int = 100, share: int = 100) -> FairQueue[str]:
    """Of items like "a1": sender and number."""
    return FairQueue(limit, lambda item: item[0], lambda _: share)


def put(queue: FairQueue[str], items: str) -> None:
    for item in items.split():
        assert queue.has_room_for(item)
        queue.put(item)


def taken(queue: FairQueue[str]) -> str:
    return " ".join(queue.take() for _ in range(len(queue)))


def test_senders_take_turns() -> None:
    queue = given_queue()
    put(queue, "a1 a2 a3 b1 c1 b2")
    assert taken(queue) == "a1 b1 c1 a2 b2 a3"


def test_a_flooder_delays_others_by_one_of_its_own() -> None:
    queue = given_queue(limit=5000, share=4096)
    for number in range(4096):
        queue.put(f"a{number}")
    queue.take()
    put(queue, "b1 c1")
    assert [queue.take() for _ in range(4)] == ["a1", "b1", "c1", "a2"]


def test_who_comes_back_with_more_is_last_again() -> None:
    queue = given_queue()
    put(queue, "a1 b1")
    assert queue.take() == "a1"
    put(queue, "a2 c1")
    assert taken(queue) == "b1 a2 c1"


def test_what_was_taken_back_comes_first_in_its_order() -> None:
    queue = given_queue()
    put(queue, "a1 b1 a2 b2")
    queue.put_first([queue.take(), queue.take()])
    queue.put_first(["z1"])
    assert len(queue) == 5
    assert queue.peek() == "z1"
    assert taken(queue) == "z1 a1 b1 a2 b2"


def test_the_whole_and_each_share_are_bounded() -> None:
    queue = given_queue(limit=3, share=2)
    put(queue, "a1 a2")
    assert not queue.has_room_for("a3")
    put(queue, "b1")
    assert not queue.has_room_for("c1")
    queue.take()
    assert queue.has_room_for("a3")


def test_what_was_taken_back_is_nobodys_share_but_counts() -> None:
    queue = given_queue(limit=3, share=2)
    put(queue, "a1")
    queue.put_first([queue.take()])
    put(queue, "a2 a3")
    assert not queue.has_room_for("b1")


def test_all_that_waits_can_be_seen_and_thrown_away() -> None:
    queue = given_queue()
    put(queue, "a1 b1 a2")
    queue.put_first(["z1"])
    assert list(queue) == ["z1", "a1", "a2", "b1"]
    queue.clear()
    assert not queue
    put(queue, "b3")
    assert taken(queue) == "b3"


def test_an_empty_one_has_nothing() -> None:
    with pytest.raises(IndexError):
        given_queue().take()
    with pytest.raises(IndexError):
        given_queue().peek()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_nothing_is_lost_or_doubled_and_each_senders_order_stays(steps: list[tuple[str, bool]]) -> None:
    queue = given_queue()
    said: list[str] = []
    heard: list[str] = []
    for number, (sender, is_put) in enumerate(steps):
        if is_put:
            said.append(f"{sender}{number}")
            queue.put(said[-1])
        elif queue:
            heard.append(queue.peek())
            assert queue.take() == heard[-1]
    heard += [queue.take() for _ in range(len(queue))]
    for sender in "abc":
        assert [item for item in heard if item[0] == sender] == [item for item in said if item[0] == sender]
