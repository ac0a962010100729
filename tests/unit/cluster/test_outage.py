"""When somebody without a lease may be taken for dead."""

from meetserver.cluster.outage import Outage

TTL_S = 10.0


def test_while_the_database_answers_who_has_no_lease_is_dead() -> None:
    outage = Outage(TTL_S, 0.0)
    for second in range(30):
        outage.answered(second, second + 0.1)
        assert outage.is_sure(second + 0.2)


def test_while_it_is_away_nobody_is_and_that_is_news_once() -> None:
    outage = Outage(TTL_S, 0.0)
    assert [outage.failed() for _ in range(3)] == [True, False, False]
    assert not outage.is_sure(100.0)


def test_afterwards_all_have_one_lease_to_show_themselves() -> None:
    outage = Outage(TTL_S, 0.0)
    outage.failed()
    outage.answered(20.0, 20.1)
    assert not outage.is_sure(20.1 + TTL_S - 0.1)
    assert outage.is_sure(20.1 + TTL_S)
    assert outage.failed()


def test_an_outage_in_which_nobody_can_have_lost_a_lease_changes_nothing() -> None:
    outage = Outage(TTL_S, 0.0)
    outage.failed()
    outage.answered(TTL_S / 2, TTL_S / 2)
    assert outage.is_sure(TTL_S / 2)
    outage.failed()
    outage.answered(TTL_S + 0.1, TTL_S + 0.1)
    assert not outage.is_sure(TTL_S + 0.1)


def test_an_answer_that_took_half_a_lease_is_an_outage_too() -> None:
    outage = Outage(TTL_S, 0.0)
    outage.answered(1.0, 1.0 + TTL_S / 2 + 0.1)
    assert not outage.is_sure(1.0 + TTL_S)


def test_a_pause_of_this_process_alone_is_none() -> None:
    outage = Outage(TTL_S, 0.0)
    outage.answered(50.0, 50.1)
    assert outage.is_sure(50.1)
