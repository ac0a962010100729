"""Who is attached through which edge, and the order in which edges and sessions are known."""

from typing import cast

from meetserver.actors.attachments import Attachment, Attachments
from meetserver.actors.envelopes import Edge
from meetserver.ids import SessionId

ANN, BO, CY = SessionId("ann"), SessionId("bo"), SessionId("cy")


class AnEdge:
    pass


EAST, WEST = cast(Edge, AnEdge()), cast(Edge, AnEdge())


def given(*through: tuple[SessionId, Edge]) -> Attachments:
    attachments = Attachments()
    for number, (session, edge) in enumerate(through):
        attachments.add(session, Attachment(edge, number, (1, number)))
    return attachments


def test_edges_keep_the_order_in_which_they_came() -> None:
    attachments = given((ANN, EAST), (BO, WEST), (CY, EAST))
    attachments.remove(CY)
    attachments.add(ANN, Attachment(EAST, 9, (1, 9)))
    assert attachments.edges() == [EAST, WEST]


def test_an_edge_is_known_as_long_as_a_session_is_attached_through_it() -> None:
    attachments = given((ANN, EAST), (BO, WEST))
    attachments.add(ANN, Attachment(WEST, 9, (1, 9)))
    assert not attachments.has_edge(EAST)
    assert attachments.sessions_through(EAST) == []
    assert attachments.sessions_through(WEST) == [BO, ANN]
    attachments.remove(ANN)
    attachments.remove(BO)
    assert attachments.edges() == []
    assert attachments.remove(BO) is None


def test_a_session_has_one_attachment() -> None:
    attachments = given((ANN, EAST), (ANN, EAST), (ANN, WEST))
    assert len(attachments) == 1
    assert attachments.get(ANN) == Attachment(WEST, 2, (1, 2))
    assert attachments.edges() == [WEST]
