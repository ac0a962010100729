"""One link, packet by packet: what is lost, doubled, reordered, late, or too much."""

import random

import msgspec
import pytest

from meetserver import limits
from meetserver.cluster.link import Link, decode_packet
from meetserver.cluster.parcels import encode
from meetserver.ids import RoomId
from tests.unit.cluster.pipes import Pair, RoughPipe, parcel, read

SIZE = len(encode(parcel("0000")))


def words(first: int, last: int) -> list[str]:
    """Each makes a parcel of SIZE."""
    return [f"{number:04}" for number in range(first, last + 1)]


# --- coming up


def test_a_link_is_up_once_each_side_knows_the_other_s_life() -> None:
    pair = Pair()
    pair.b.take(pair.a.packets())
    assert not pair.b.is_up()
    pair.a.take(pair.b.packets())
    assert pair.a.is_up()
    pair.settle()
    assert pair.b.is_up()
    assert (pair.a.ups, pair.b.ups) == (1, 1)
    assert pair.a.link.session == tuple(reversed(pair.b.link.session)) == (1000, 2000)
    assert (pair.a.resets, pair.b.resets) == (0, 0)


@pytest.mark.parametrize("lost", range(4))
def test_a_link_comes_up_though_a_first_packet_is_lost(lost: int) -> None:
    pair = Pair()
    packets = 0
    for _ in range(5):
        for sender, receiver in ((pair.a, pair.b), (pair.b, pair.a)):
            sender.link.say()
            for packet in sender.packets():
                if packets != lost:
                    receiver.take([packet])
                packets += 1
    pair.up()
    pair.a.send("hi")
    pair.settle()
    assert pair.b.had == ["hi"]


def test_a_link_that_is_down_takes_nothing_and_compares_nothing() -> None:
    pair = Pair()
    pair.a.send("early")
    assert read(pair.a.link.exchange([(RoomId("r"), 1, 2)], is_whole=True)).rooms is None
    pair.up()
    assert pair.b.had == []


def test_an_up_side_may_speak_at_once() -> None:
    pair = Pair()
    pair.a.on_up = lambda: pair.a.send("at once")
    pair.b.on_up = lambda: pair.b.send("me too")
    pair.up()
    assert (pair.b.had, pair.a.had) == (["at once"], ["me too"])


# --- order


def test_parcels_of_one_turn_go_in_one_packet() -> None:
    pair = Pair().up()
    pair.a.send("1", "2", "3")
    assert pair.a.wants_out
    (packet,) = pair.a.packets()
    assert [read(packet).first, len(read(packet).parcels)] == [1, 3]
    pair.b.take([packet])
    assert pair.b.had == ["1", "2", "3"]


def test_a_doubled_packet_is_taken_once() -> None:
    pair = Pair().up()
    pair.a.send("1", "2")
    packets = pair.a.packets()
    pair.b.take(packets * 3)
    assert pair.b.had == ["1", "2"]


def test_a_gap_is_asked_for_and_filled_at_once() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.a.packets()
    pair.a.send("2")
    pair.b.take(pair.a.packets())
    assert pair.b.had == []
    assert pair.b.wants_out
    asks = pair.b.packets()
    assert [read(packet).again for packet in asks] == [True]
    pair.a.take(asks)
    assert pair.a.wants_out
    pair.settle()
    assert pair.b.had == ["1", "2"]


def test_what_overlaps_is_taken_from_where_it_is_new() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.take(pair.a.packets())
    pair.a.send("2", "3")
    pair.watch.now += limits.LINK_RESEND_S + 0.01
    pair.a.link.look()
    (packet,) = pair.a.packets()
    assert read(packet).first == 1
    pair.b.take([packet])
    assert pair.b.had == ["1", "2", "3"]


def test_swapped_packets_come_in_order_once() -> None:
    pair = Pair().up()
    pair.a.send("1")
    first = pair.a.packets()
    pair.a.send("2")
    pair.b.take(pair.a.packets() + first)
    pair.settle()
    assert pair.b.had == ["1", "2"]


def test_the_last_parcel_lost_is_sent_again_when_it_is_due_and_not_before() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.a.packets()
    pair.watch.now += limits.LINK_RESEND_S
    pair.a.link.look()
    assert pair.a.packets() == []
    pair.watch.now += 0.01
    pair.a.link.look()
    assert pair.a.wants_out
    pair.settle()
    assert pair.b.had == ["1"]


def test_a_parcel_that_is_not_understood_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    pair = Pair().up()
    pair.a.send("1", "?", "3")
    (packet,) = pair.a.packets()
    strange = msgspec.msgpack.decode(packet)
    said = next(field for field in strange if isinstance(field, list))
    said[1] = ["OfNextYear", "room"]
    pair.b.take([msgspec.msgpack.encode(strange)])
    assert pair.b.had == ["1", "3"]
    assert "parcel_not_understood" in caplog.text


# --- acknowledgements


def test_what_came_is_acknowledged_when_due_and_not_before() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.take(pair.a.packets())
    pair.b.link.look()
    assert pair.b.packets() == []
    pair.watch.now += limits.LINK_ACK_S
    pair.b.link.look()
    (packet,) = pair.b.packets()
    assert (read(packet).ack, read(packet).parcels) == (1, [])
    pair.a.take([packet])
    pair.watch.now += limits.LINK_RESEND_S + 1
    pair.a.link.look()
    assert pair.a.packets() == []


def test_what_goes_the_other_way_acknowledges() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.take(pair.a.packets())
    pair.b.send("an answer")
    (packet,) = pair.b.packets()
    assert read(packet).ack == 1
    pair.watch.now += limits.LINK_ACK_S
    pair.b.link.look()
    assert pair.b.packets() == []


def test_an_exchange_acknowledges_and_is_told() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.take(pair.a.packets())
    rooms = [(RoomId("r"), 7, 9)]
    exchange = pair.b.link.exchange(rooms, is_whole=True)
    assert read(exchange).ack == 1
    pair.a.take([exchange])
    assert pair.a.comparisons == [(rooms, True)]
    pair.watch.now += limits.LINK_ACK_S
    pair.b.link.look()
    assert pair.b.packets() == []


def test_an_old_acknowledgement_changes_nothing() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.take(pair.a.packets())
    pair.b.link.say()
    old = pair.b.packets()
    pair.a.take(old)
    pair.a.send("2")
    pair.a.take(old)
    pair.settle()
    assert pair.b.had == ["1", "2"]


# --- how much


def test_a_packet_ends_once_it_is_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_PACKET_BYTES", 3 * SIZE)
    pair = Pair().up()
    pair.a.send(*words(1, 7))
    packets = pair.a.packets()
    assert [len(read(packet).parcels) for packet in packets] == [3, 3, 1]
    pair.b.take(packets)
    assert pair.b.had == words(1, 7)


def test_more_than_the_window_waits_for_acknowledgements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_PACKET_BYTES", SIZE)
    monkeypatch.setattr(limits, "LINK_WINDOW_BYTES", 4 * SIZE)
    pair = Pair().up()
    pair.a.send(*words(1, 5))
    packets = pair.a.packets()
    assert len(packets) == 4
    assert pair.a.packets() == []
    pair.b.take(packets)
    pair.b.link.say()
    pair.a.take(pair.b.packets())
    assert pair.a.wants_out
    pair.settle()
    assert pair.b.had == words(1, 5)


def test_a_full_window_that_got_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_PACKET_BYTES", SIZE)
    monkeypatch.setattr(limits, "LINK_WINDOW_BYTES", 4 * SIZE)
    pair = Pair().up()
    pair.a.send(*words(1, 9))
    pair.a.packets()
    pair.wait(2)
    assert pair.b.had == words(1, 9)
    assert pair.a.resets == 0


def test_a_buffer_at_its_edge_is_kept_and_one_above_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_BUFFER_BYTES", 5 * SIZE)
    pair = Pair().up()
    before = pair.a.link.session
    pair.a.send(*words(1, 5))
    assert pair.a.link.session == before
    pair.a.send(*words(6, 6))
    assert pair.a.link.session != before
    assert (pair.a.resets, pair.a.is_up()) == (1, False)
    pair.up()
    assert (pair.b.resets, pair.b.had) == (1, [])


def test_what_is_acknowledged_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINK_BUFFER_BYTES", 5 * SIZE)
    pair = Pair().up()
    for first in range(1, 50, 5):
        pair.a.send(*words(first, first + 4))
        pair.step()
        pair.wait(0.1)
    assert pair.b.had == words(1, 50)
    assert pair.a.resets == 0


# --- beginning anew


def test_a_new_process_is_a_new_session_and_both_are_told() -> None:
    pair = Pair().up()
    pair.a.send("lost")
    pair.a.packets()
    pair.b.clock_ms = 3000
    pair.b.begin()
    pair.a.on_reset = lambda: pair.a.send("not taken")
    pair.b.link.say()
    pair.up()
    assert (pair.a.resets, pair.a.ups, pair.b.ups) == (1, 2, 2)
    pair.a.send("1")
    pair.b.send("2")
    pair.settle()
    assert (pair.b.had, pair.a.had) == (["1"], ["2"])


def test_a_side_that_begins_anew_tells_both_and_the_streams_start_over() -> None:
    pair = Pair().up()
    pair.a.send("1")
    pair.b.send("2")
    pair.settle()
    pair.a.link.reset("a test")
    pair.up()
    assert (pair.a.resets, pair.b.resets, pair.a.ups, pair.b.ups) == (1, 1, 2, 2)
    pair.b.send("3")
    (packet,) = pair.b.packets()
    assert read(packet).first == 1
    pair.a.take([packet])
    assert pair.a.had == ["2", "3"]


def test_both_may_begin_anew_at_once() -> None:
    pair = Pair().up()
    pair.a.link.reset("a test")
    pair.b.link.reset("a test")
    pair.up()
    pair.a.send("1")
    pair.settle()
    assert (pair.a.resets, pair.b.resets, pair.b.had) == (1, 1, ["1"])


def test_packets_of_an_earlier_session_are_nobody_s() -> None:
    pair = Pair().up()
    pair.a.send("of the old a")
    pair.b.send("for the old a")
    old_a, old_b = pair.a.packets(), pair.b.packets()
    pair.a.link.reset("a test")
    pair.up()
    pair.b.take(old_a)
    pair.a.take(old_b)
    pair.settle()
    assert (pair.a.had, pair.b.had) == ([], [])
    assert (pair.a.resets, pair.b.resets) == (1, 1)
    assert pair.a.is_up()
    assert pair.b.is_up()


def test_two_lives_in_one_millisecond_differ() -> None:
    pair = Pair().up()
    lives = set()
    for _ in range(3):
        lives.add(pair.a.link.session[0])
        pair.a.link.reset("a test")
        pair.up()
    assert len(lives) == 3


def test_a_parcel_that_resets_the_link_ends_what_came_with_it() -> None:
    pair = Pair().up()
    pair.b.on_parcel = lambda word: pair.b.link.reset("a test") if word == "2" else None
    pair.a.send("1", "2", "3")
    pair.settle()
    assert pair.b.had == ["1", "2"]
    pair.up()
    pair.a.send("4")
    pair.settle()
    assert pair.b.had == ["1", "2", "4"]


# --- silence


def test_silence_at_its_limit_is_borne_and_beyond_it_the_link_begins_anew() -> None:
    pair = Pair().up()
    pair.watch.now += limits.LINK_SILENCE_S
    pair.a.link.look()
    assert pair.a.is_up()
    pair.watch.now += 0.01
    pair.a.link.look()
    assert (pair.a.is_up(), pair.a.resets) == (False, 1)


def test_a_silent_side_is_given_up_once() -> None:
    pair = Pair().up()
    life = pair.a.link.session[0]
    pair.wait(5 * limits.LINK_SILENCE_S, talk=False)
    assert pair.a.resets == 1
    assert pair.a.link.session[0] == life + 1
    pair.up()


def test_who_is_heard_but_does_not_hear_has_the_link_begin_anew() -> None:
    pair = Pair().up()
    for _ in range(round(2 * limits.LINK_SILENCE_S / 0.05)):
        pair.watch.now += 0.05
        pair.a.link.look()
        pair.b.link.look()
        pair.a.packets()  # they get lost
        pair.b.link.say()
        pair.a.take(pair.b.packets())
    assert (pair.b.resets, pair.a.resets) == (1, 1)
    assert not pair.a.is_up()


def test_a_clock_that_went_back_costs_no_more_than_the_silence() -> None:
    pair = Pair().up()
    pair.b.clock_ms = 500
    pair.b.begin()
    for _ in range(round((limits.LINK_SILENCE_S + 1) / 0.05)):
        pair.b.link.say()
        pair.wait(0.05)
    pair.up()
    pair.b.send("1")
    pair.settle()
    assert pair.a.had == ["1"]


# --- all of it at once


@pytest.mark.parametrize("seed", range(30))
def test_over_a_rough_pipe_all_of_a_session_comes_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    pair = Pair().up()
    pipes = [RoughPipe(chance, loss=0.3), RoughPipe(chance, loss=0.3)]
    said: tuple[list[str], list[str]] = ([], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "LINK_PACKET_BYTES", 3 * SIZE)
        patch.setattr(limits, "LINK_WINDOW_BYTES", 20 * SIZE)
        for turn in range(2000):
            pair.watch.now += 0.01
            for end, own, to, frm in ((pair.a, said[0], pipes[0], pipes[1]), (pair.b, said[1], pipes[1], pipes[0])):
                if turn < 300 and chance.random() < 0.5:
                    new = words(len(own), len(own) + chance.randint(0, 5))
                    own += new
                    end.send(*new)
                if turn % 20 == 0:
                    end.link.say()
                to.put(end.packets())
                end.take(frm.get())
                end.link.look()
    assert (pair.a.resets, pair.b.resets) == (0, 0)
    assert pair.b.had == said[0]
    assert pair.a.had == said[1]
    assert len(said[0]) > 300


@pytest.mark.parametrize("seed", range(30))
def test_over_a_rough_pipe_with_resets_a_session_s_parcels_come_as_its_beginning(seed: int) -> None:
    """Each word names the session that it was sent in; what comes of one is what was said first in it, once."""
    chance = random.Random(seed)
    pair = Pair()
    pipes = [RoughPipe(chance, loss=0.2), RoughPipe(chance, loss=0.2)]
    said: dict[tuple[str, int, int], int] = {}
    for turn in range(1500):
        pair.watch.now += 0.02
        for end, to, frm in ((pair.a, pipes[0], pipes[1]), (pair.b, pipes[1], pipes[0])):
            if chance.random() < 0.5 and end.link.is_up:
                name = (end.name, *end.link.session)
                said[name] = said.get(name, 0) + 1
                end.send("/".join(map(str, (*name, said[name]))))
            if turn < 1200 and chance.random() < 0.01:
                end.link.reset("chance")
            if chance.random() < 0.05:
                end.link.say()
            to.put(end.packets())
            end.take(frm.get())
            end.link.look()
    for speaker, hearer in ((pair.a, pair.b), (pair.b, pair.a)):
        heard: dict[str, list[int]] = {}
        for word in hearer.had:
            session, _, number = word.rpartition("/")
            assert session.startswith(speaker.name)
            heard.setdefault(session, []).append(int(number))
        assert len(heard) > 3
        for numbers in heard.values():
            assert numbers == list(range(1, len(numbers) + 1))


def test_bytes_that_are_no_packet_are_said_to_be_none() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_packet(b"\xc1nonsense")


def test_a_link_says_its_first_word_by_itself() -> None:
    pair = Pair()
    assert isinstance(pair.a.link, Link)
    assert [read(packet).yours for packet in pair.a.packets()] == [0]
