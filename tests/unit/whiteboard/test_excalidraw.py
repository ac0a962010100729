"""Drawings of Excalidraw as elements of ours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetserver import limits
from meetserver.errors import BadMessage, TooLarge
from meetserver.whiteboard.elements import encode, flaw
from meetserver.whiteboard.excalidraw import Imported, imported
from meetserver.whiteboard.messages import HEIGHT, WIDTH
from meetserver.whiteboard.render.lettering import lettering
from meetserver.whiteboard.render.page import element as shown

LOOK = {"strokeColor": "#e03131", "strokeWidth": 2, "backgroundColor": "transparent", "opacity": 100, "angle": 0}


def from_excalidraw(*elements: Any, **file: Any) -> Imported:
    return imported(json.dumps({"type": "excalidraw", "version": 2, "elements": elements, **file}).encode())


def one(type_: str, **fields: Any) -> dict[str, Any]:
    box = {"x": 500, "y": 500, "width": 100, "height": 50}
    return {"id": "a", "type": type_, **box, **LOOK, **fields}


@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "diamond"])
def test_shapes(kind: str) -> None:
    (element,) = from_excalidraw(one(kind, backgroundColor="#ffec99", opacity=50, angle=3.14159265 / 2)).elements
    place = {"x": 15, "y": 65, "w": 100, "h": 50}  # it reaches from 40 to 90, and from 40 to 140
    assert element == {
        "kind": kind,
        **place,
        "color": "#e03131",
        "width": 3,
        "angle": 90,
        "fill": "#ffec99",
        "opacity": 0.5,
    }


def test_lines_and_arrows() -> None:
    ends = {"points": [[0, 0], [100, 50]]}
    made = from_excalidraw(
        one("line", **ends),
        one("arrow", **ends),
        one("arrow", **ends, endArrowhead=None, startArrowhead="dot"),
        one("arrow", **ends, endArrowhead=None),
    ).elements
    assert [(element["kind"], element["x1"], element["x2"]) for element in made] == [
        ("line", 40, 140), ("arrow", 40, 140), ("arrow", 140, 40), ("line", 40, 140),
    ]  # fmt: skip


def test_bent_lines_keep_their_corners() -> None:
    points = [[0, 0], [100, 0], [100, 50]]
    sharp, head = from_excalidraw(one("arrow", points=points)).elements
    assert sharp["points"] == [40, 40, 140, 40, 140, 40, 140, 90]
    assert (head["kind"], head["x2"], head["y2"]) == ("arrow", 140, 90)
    (curve,) = from_excalidraw(one("line", points=points, roundness={"type": 2})).elements
    assert curve["points"] == [40, 40, 140, 40, 140, 90]


def test_a_pen_that_goes_on_and_on_is_several_strokes() -> None:
    made = from_excalidraw(one("freedraw", points=[[x / 10, 0] for x in range(2500)])).elements
    assert [len(element["points"]) // 2 for element in made] == [1000, 1000, 502]
    assert made[0]["points"][-2:] == made[1]["points"][:2]


def test_texts() -> None:
    said = {"text": "one\ntwo\0", "fontSize": 20}
    left, middle = from_excalidraw(one("text", **said), one("text", **said, textAlign="center")).elements
    assert (left["text"], left["size"], "w" in left) == ("one\ntwo", 20, False)
    assert (middle["align"], middle["w"], left["x"] - middle["x"]) == ("center", 200, 50)


def test_images_are_frames_for_now() -> None:
    made = from_excalidraw(one("image", fileId="f"), files={"f": {"dataURL": "data:image/png;base64,AAAA"}})
    assert (made.elements[0]["kind"], "file" in made.elements[0], made.images) == ("image", False, 1)


def test_what_there_is_nothing_for_is_counted() -> None:
    made = from_excalidraw(
        one("frame"), one("frame"), one("rectangle", x="left"), 5, one("line", isDeleted=True, points=[])
    )
    assert (made.elements, made.unknown, made.broken) == ([], {"frame": 2}, 2)


def test_a_large_drawing_is_made_to_fit() -> None:
    far = one("rectangle", x=-90_000, y=0, width=100_000, height=1000)
    for element in from_excalidraw(far, one("text", text="x", x=9000, y=900)).elements:
        assert 40 <= element["x"] <= WIDTH - 40
        assert 40 <= element["y"] <= HEIGHT - 40
        assert element["x"] + element.get("w", 0) <= WIDTH - 39


def test_what_is_turned_is_on_the_page_with_all_of_it() -> None:
    (bar,) = from_excalidraw(one("rectangle", width=1500, height=20, angle=3.14159265 / 2)).elements
    across, above = bar["x"] + bar["w"] / 2, bar["y"] + bar["h"] / 2 - bar["w"] / 2  # where it stands upright
    assert (round(across - bar["h"] / 2), round(above)) == (40, 40)
    assert bar["w"] <= HEIGHT - 80


def test_the_end_of_a_text_is_on_the_page() -> None:
    frame = one("rectangle", x=0, y=0, width=1500, height=800)
    for said in ("word " * 20, "line\n" * 20, "漢字" * 30):
        *_, text = from_excalidraw(frame, one("text", x=1480, y=780, text=said.strip(), fontSize=20)).elements
        shown = lettering(text)
        assert shown is not None
        assert shown.box.x + shown.box.w <= WIDTH
        assert shown.box.y + shown.box.h <= HEIGHT


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"type":"other","elements":[]}', b"\xff", b"[" * 100_000])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(BadMessage):
        imported(content)


def test_there_may_be_so_many_elements() -> None:
    assert len(from_excalidraw(*[one("rectangle")] * limits.IMPORT_ELEMENTS).elements) == limits.IMPORT_ELEMENTS
    with pytest.raises(TooLarge):
        from_excalidraw(*[one("rectangle")] * (limits.IMPORT_ELEMENTS + 1))


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=9),
    st.lists(st.lists(st.floats(-1e5, 1e5), max_size=3), max_size=4),
)  # fmt: skip
NAMES = st.sampled_from(
    ["x", "y", "width", "height", "angle", "opacity", "points", "text", "fontSize", "textAlign", "strokeColor",
     "strokeWidth", "backgroundColor", "startArrowhead", "endArrowhead", "roundness", "isDeleted"]
)  # fmt: skip
KINDS = st.sampled_from(["rectangle", "ellipse", "diamond", "text", "image", "freedraw", "line", "arrow", "frame"])


@given(st.lists(st.tuples(KINDS, st.dictionaries(NAMES, ANYTHING, max_size=8)), max_size=4))
def test_whatever_stands_in_it_the_board_takes_and_draws_what_comes_of_it(
    drawing: list[tuple[str, dict[str, Any]]],
) -> None:
    for element in from_excalidraw(
        *(one(kind, **{"points": [[0, 0], [9, 9]], "text": "x"} | more) for kind, more in drawing)
    ).elements:
        body = encode(element)
        assert isinstance(body, bytes)
        assert flaw(body, element) is None
        assert shown(element, {})
