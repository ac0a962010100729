"""signal.*: from session to session, under the same name, with who it is from."""

import pytest

from meetserver import limits
from meetserver.messages import Command, Ephemeral, Tell
from meetserver.rooms.live import LiveState
from meetserver.signaling.messages import (
    Answer,
    Answered,
    CandidatesFound,
    CandidatesTold,
    Close,
    Closed,
    Offer,
    Offered,
    Renegotiate,
    RenegotiationAsked,
)
from tests.builders import assert_told_off, given_room, session_of, told, with_settings

ANN, BO = session_of("Ann"), session_of("Bo")
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 3478 typ host", "sdpMid": "0", "sdpMLineIndex": 0}

RELAYED: list[tuple[Command, Ephemeral]] = [
    (Offer(BO, "c1", "v=0"), Offered(ANN, "c1", "v=0")),
    (Answer(BO, "c1", "v=0"), Answered(ANN, "c1", "v=0")),
    (CandidatesFound(BO, "c1", [CANDIDATE], final=True), CandidatesTold(ANN, "c1", [CANDIDATE], final=True)),
    (CandidatesFound(BO, "c1", []), CandidatesTold(ANN, "c1", [])),
    (Renegotiate(BO, "c1"), RenegotiationAsked(ANN, "c1")),
    (Close(BO, "c1", "hang up"), Closed(ANN, "c1", "hang up")),
]


@pytest.mark.parametrize(("command", "event"), RELAYED)
def test_it_reaches_that_session_alone(command: Command, event: Ephemeral) -> None:
    live, tells = told(given_room(host="Ann", guests=["Bo"]), "Ann", command)

    assert tells == [Tell(event, to=BO)]
    assert event.type == command.type
    assert live == LiveState()


@pytest.mark.parametrize("command", [command for command, _ in RELAYED])
def test_a_session_that_is_not_here_is_not_found(command: Command) -> None:
    assert_told_off(given_room(host="Ann"), "Ann", command, "not_found")


@pytest.mark.parametrize("command", [command for command, _ in RELAYED])
def test_nobody_calls_themselves(command: Command) -> None:
    assert_told_off(given_room(host="Ann", guests=["Bo"]), "Bo", command, "bad_message")


def test_a_participant_id_is_no_address() -> None:
    assert_told_off(given_room(host="Ann", guests=["Bo"]), "Ann", Renegotiate("bo", "c1"), "not_found")


def test_a_candidate_has_a_length() -> None:
    long = {"candidate": "x" * limits.CANDIDATE_CHARS}

    assert_told_off(given_room(guests=["Bo"]), "Ann", CandidatesFound(BO, "c1", [CANDIDATE, long]), "too_large")


def test_a_viewer_answers_but_does_not_offer() -> None:
    room = given_room(host="Ann", viewers=["Vi"])

    assert_told_off(room, "Vi", Offer(ANN, "c1", "v=0"), "forbidden")
    for command in (Answer(ANN, "c1", "v=0"), CandidatesFound(ANN, "c1", []), Renegotiate(ANN, "c1"), Close(ANN, "c1")):
        assert told(room, "Vi", command)[1]


def test_calls_need_neither_chat_nor_whiteboard() -> None:
    room = with_settings(given_room(guests=["Bo"]), chat=False, whiteboard=False)

    assert told(room, "Ann", Offer(BO, "c1", "v=0"))[1]


def test_an_ended_room_relays_nothing() -> None:
    assert_told_off(given_room(guests=["Bo"], ended=True), "Ann", Offer(BO, "c1", "v=0"), "room_ended")
