import pytest

from meetserver.actors.mailbox import Mailbox, MailboxFull


def test_control_goes_first() -> None:
    mailbox = Mailbox(control_limit=2, data_limit=2)
    mailbox.put_data("command")
    mailbox.put_control("result")
    assert [mailbox.take(), mailbox.take()] == ["result", "command"]


def test_each_lane_has_its_bound() -> None:
    mailbox = Mailbox(control_limit=1, data_limit=1)
    mailbox.put_data("command")
    mailbox.put_control("result")
    with pytest.raises(MailboxFull):
        mailbox.put_data("one more")
    with pytest.raises(MailboxFull):
        mailbox.put_control("one more")
    assert mailbox.depth == (1, 1)


def test_what_is_left_can_be_answered() -> None:
    mailbox = Mailbox(control_limit=2, data_limit=2)
    mailbox.put_data("command")
    mailbox.put_control("result")
    assert mailbox.drain() == ["result", "command"]
    assert len(mailbox) == 0
