import pytest

from meetserver.actors.fair_queue import FairQueue
from meetserver.actors.mailbox import Mailbox, MailboxFull


def given_mailbox(*, control: int = 2, data: int = 2) -> Mailbox:
    return Mailbox(control_limit=control, data=FairQueue(data, lambda _: "somebody", lambda _: data))


def test_control_goes_first() -> None:
    mailbox = given_mailbox()
    mailbox.put_data("command")
    mailbox.put_control("result")
    assert [mailbox.take(), mailbox.take()] == ["result", "command"]


def test_each_lane_has_its_bound() -> None:
    mailbox = given_mailbox(control=1, data=1)
    mailbox.put_data("command")
    mailbox.put_control("result")
    with pytest.raises(MailboxFull):
        mailbox.put_data("one more")
    with pytest.raises(MailboxFull):
        mailbox.put_control("one more")
    assert mailbox.depth == (1, 1)


def test_what_is_left_can_be_answered() -> None:
    mailbox = given_mailbox()
    mailbox.put_data("command")
    mailbox.put_control("result")
    assert mailbox.drain() == ["result", "command"]
    assert len(mailbox) == 0
