"""Whether undo and redo kept to what their authors did, told by the log alone.

Each element has layers, one upon the other, each made by one change. Whoever takes a change back takes a layer of
their own away that is on top, and whoever does it again puts it back on what it lay on.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from meetserver.ports import Entry
from tests.simulation.picture import Picture, is_locked

Key = tuple[str, str]
"""Page and id of an element."""


class Layer(Struct, frozen=True):
    by: str
    seq: int


_GROUND = Layer("", 0)


class Layers:
    def __init__(self) -> None:
        self.flaws: list[str] = []
        self._board = Picture()
        self._layers: dict[Key, list[Layer]] = {}
        self._undone: dict[str, dict[Key, list[tuple[Layer, Layer]]]] = {}
        """What somebody took back of an element: the layer, and the one below it."""

    def see(self, entry: Entry) -> None:
        data: dict[str, Any] = msgspec.json.decode(entry.data)
        page = data.get("page", "1")
        if entry.type == "whiteboard.applied":
            for id_ in dict.fromkeys(op["id"] for op in data["ops"]):
                self._applied(entry, (page, id_), data)
        elif entry.type == "whiteboard.cleared":
            for id_, (element, _) in self._board.pages.get(page, {}).items():
                if not is_locked(element):
                    self._changed(entry, (page, id_))
        elif entry.type == "whiteboard.page_removed":
            self._layers = {key: layers for key, layers in self._layers.items() if key[0] != page}
            for undone in self._undone.values():
                for key in [key for key in undone if key[0] == page]:
                    del undone[key]
        self._board.hear(entry.type, entry.seq, entry.by, data)

    def _applied(self, entry: Entry, key: Key, data: dict[str, Any]) -> None:
        layers = self._layers.setdefault(key, [_GROUND])
        undone = self._undone.setdefault(entry.by, {}).setdefault(key, [])
        if "undo" in data:
            if layers[-1].by != entry.by:
                self.flaws.append(f"{entry.seq}: {entry.by} took back what {layers[-1].by or 'nobody'} did to {key}")
                return
            top = layers.pop()
            undone.append((top, layers[-1]))
        elif "redo" in data:
            if (again := next((one for one in undone[::-1] if one[1] == layers[-1]), None)) is None:
                self.flaws.append(f"{entry.seq}: {entry.by} did again what does not fit {key}")
                return
            undone.remove(again)
            layers.append(again[0])
        else:
            self._changed(entry, key)

    def _changed(self, entry: Entry, key: Key) -> None:
        self._layers.setdefault(key, [_GROUND]).append(Layer(entry.by, entry.seq))
        self._undone.pop(entry.by, None)


def foreign_undos(entries: Sequence[Entry]) -> list[str]:
    """Each undo or redo that changed what was not its author's to change."""
    layers = Layers()
    for entry in entries:
        layers.see(entry)
    return layers.flaws
