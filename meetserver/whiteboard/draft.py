"""A page while ops are applied to it: `decide` looks at what comes of them, `evolve` keeps it; one meaning of an op."""

from typing import assert_never

import msgspec

from meetserver.messages import Json
from meetserver.whiteboard.messages import Delete, Op, Patch, Put
from meetserver.whiteboard.state import BoardPage, Element

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Json]).decode


class Draft:
    """Starts as `page`, and leaves it as it is; ask `finish` for the new one."""

    def __init__(self, page: BoardPage) -> None:
        self.elements = page.elements.mutate()
        self._next_z = page.next_z
        self.size_bytes = page.size_bytes

    def apply(self, op: Op) -> bytes | None:
        """The element's new body, empty after a delete; None: no such element, nothing changed."""
        match op:
            case Put():
                return self._write(op.id, _encode(op.element))
            case Patch():
                return self._patch(op)
            case Delete():
                return self._delete(op.id)
            case _:
                assert_never(op)

    def _write(self, id_: str, body: bytes) -> bytes:
        old: Element | None = self.elements.get(id_)
        if old is None:
            new = Element(id_, self._next_z, body)
            self._next_z += 1
        else:
            new = Element(id_, old.z, body)
            self.size_bytes -= old.shown_bytes
        self.elements[id_] = new
        self.size_bytes += new.shown_bytes
        return body

    def _patch(self, op: Patch) -> bytes | None:
        old: Element | None = self.elements.get(op.id)
        if old is None:
            return None
        fields = _decode(old.body) | op.fields
        return self._write(op.id, _encode({name: value for name, value in fields.items() if value is not None}))

    def _delete(self, id_: str) -> bytes | None:
        old: Element | None = self.elements.pop(id_, None)
        if old is None:
            return None
        self.size_bytes -= old.shown_bytes
        return b""

    def finish(self) -> BoardPage:
        return BoardPage(self.elements.finish(), self._next_z, self.size_bytes)
