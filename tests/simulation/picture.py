"""What a client shows that knows nothing but docs/protocol.md: a snapshot, and each event that it hears afterwards.

The rules are told a second time here, so that a mistake of the server's own reducers shows.
"""

from math import floor
from typing import Any, TypeAlias

from meetserver.chat.messages import seq_of

Json: TypeAlias = dict[str, Any]


class Picture:
    """`first` is the seq from which on all messages that the client may see are here."""

    def __init__(self) -> None:
        self.messages: dict[str, Json] = {}
        self.first = 0
        self.pinned: list[str] = []
        self.pages: dict[str, dict[str, tuple[Json, float]]] = {}
        self.order = ["1"]
        self.sheets: dict[str, Json] = {"1": {}}
        self.versions: list[str] = []
        self.next_z: float = 0

    @classmethod
    def of_snapshot(cls, snapshot: Json) -> "Picture":
        self, chat, board = cls(), snapshot["chat"], snapshot["whiteboard"]
        for message in chat["messages"]:
            self.messages[message["message_id"]] = _message(message)
        if chat["more"] and chat["messages"]:
            self.first = chat["messages"][0]["seq"]
        self.pinned = [message["message_id"] for message in chat["pinned"]]
        if "href" in board:  # too large for a frame: nobody here asks for it
            return self
        for page, elements in board["pages"].items():
            self.pages[page] = {one["id"]: (one["element"], one["z"]) for one in elements}
        self.sheets = dict(board["sheets"])
        self.order = [page for page in board["order"] if page in self.sheets]
        self.versions = [version["id"] for version in board["versions"]]
        self.next_z = board["next_z"]
        return self

    def hear(self, type_: str, seq: int, by: str, data: Json) -> None:
        handler = getattr(self, "_" + type_.replace(".", "_"), None)
        if handler is not None:
            handler(data, seq, by)

    # --- chat

    def _chat_sent(self, data: Json, seq: int, by: str) -> None:
        self.messages[data["message_id"]] = _message({"seq": seq, "by": by, **data})

    def _chat_edited(self, data: Json, _seq: int, _by: str) -> None:
        if (message := self._open(data)) is not None:
            message["text"] = data.get("text")

    def _chat_deleted(self, data: Json, _seq: int, _by: str) -> None:
        if (message := self._open(data)) is not None:
            message |= {"text": "", "deleted": True, "reactions": {}}
        self._chat_unpinned(data)

    def _chat_reacted(self, data: Json, _seq: int, _by: str) -> None:
        if (message := self._open(data)) is None:
            return
        who = [one for one in message["reactions"].pop(data["emoji"], []) if one != data["participant"]]
        if data["on"]:
            who.append(data["participant"])
        if who:
            message["reactions"][data["emoji"]] = who

    def _chat_pinned(self, data: Json, *_: object) -> None:
        self._chat_unpinned(data)
        self.pinned.append(data["message_id"])

    def _chat_unpinned(self, data: Json, *_: object) -> None:
        self.pinned = [one for one in self.pinned if one != data["message_id"]]

    def _open(self, data: Json) -> Json | None:
        """The message that this is about, unless it is out of sight or deleted."""
        message = self.messages.get(data["message_id"])
        return None if message is None or message["deleted"] else message

    def _room_expired(self, data: Json, *_: object) -> None:
        self.first = max(self.first, data["until"] + 1)
        self.messages = {id_: one for id_, one in self.messages.items() if one["seq"] > data["until"]}
        self.pinned = [id_ for id_ in self.pinned if (seq_of(id_) or 0) > data["until"]]

    # --- board

    def _whiteboard_applied(self, data: Json, *_: object) -> None:
        page = data.get("page", "1")
        elements = self.pages.setdefault(page, {})
        for op in data["ops"]:
            self._do(elements, op)
        self._unless_empty(page)

    def _do(self, elements: dict[str, tuple[Json, float]], op: Json) -> None:
        id_, old = op["id"], elements.get(op["id"])
        if op["op"] == "put":
            z = old[1] if old else self.next_z if op.get("z") is None else op["z"]
            self._stand(elements, id_, op["element"], z)
        elif old is None:
            return
        elif op["op"] == "patch":
            fields = {name: value for name, value in (old[0] | op["fields"]).items() if value is not None}
            self._stand(elements, id_, fields, old[1])
        elif op["op"] == "order":
            self._stand(elements, id_, old[0], op["z"])
        else:
            del elements[id_]

    def _stand(self, elements: dict[str, tuple[Json, float]], id_: str, element: Json, z: float) -> None:
        elements[id_] = element, z
        if z >= self.next_z:
            self.next_z = floor(z) + 1

    def _whiteboard_cleared(self, data: Json, *_: object) -> None:
        page = data.get("page", "1")
        self.pages[page] = {id_: one for id_, one in self.pages.get(page, {}).items() if is_locked(one[0])}
        self._unless_empty(page)

    def _unless_empty(self, page: str) -> None:
        if not self.pages[page]:
            del self.pages[page]

    def _whiteboard_page_added(self, data: Json, *_: object) -> None:
        self.sheets[data["page"]] = data.get("sheet", {})
        self._at(data["page"], data["index"])

    def _whiteboard_page_changed(self, data: Json, *_: object) -> None:
        self.sheets[data["page"]] = data["sheet"]
        if data["page"] not in self.order:
            self.order.append(data["page"])

    def _whiteboard_page_moved(self, data: Json, *_: object) -> None:
        self.sheets.setdefault(data["page"], {})
        self._at(data["page"], data["index"])

    def _at(self, page: str, index: int) -> None:
        others = [one for one in self.order if one != page]
        self.order = [*others[:index], page, *others[index:]]

    def _whiteboard_page_removed(self, data: Json, *_: object) -> None:
        self.pages.pop(data["page"], None)
        self.sheets.pop(data["page"], None)
        self.order = [one for one in self.order if one != data["page"]]

    def _whiteboard_saved(self, data: Json, *_: object) -> None:
        self.versions.append(data["version"])

    def _whiteboard_discarded(self, data: Json, *_: object) -> None:
        self.versions = [one for one in self.versions if one != data["version"]]

    # --- compared

    def differences(self, truth: "Picture") -> list[str]:
        """What is otherwise here than in the one that has heard everything."""
        found = [
            f"{part} {mine!r} instead of {theirs!r}"
            for part in ("order", "sheets", "versions", "next_z", "pinned")
            if (mine := getattr(self, part)) != (theirs := getattr(truth, part))
        ]
        for page in sorted(self.pages.keys() | truth.pages.keys()):
            mine, theirs = self.pages.get(page, {}), truth.pages.get(page, {})
            ids = sorted(mine.keys() | theirs.keys())
            found += [f"element {id_} of page {page}" for id_ in ids if mine.get(id_) != theirs.get(id_)]
        due = {id_: one for id_, one in truth.messages.items() if one["seq"] >= max(self.first, truth.first)}
        ids = sorted(self.messages.keys() | due.keys())
        return found + [
            f"message {id_} is {self.messages.get(id_)} instead of {truth.messages.get(id_)}"
            for id_ in ids
            if self.messages.get(id_) != truth.messages.get(id_)
        ]


def _message(shown: Json) -> Json:
    reactions = {one["emoji"]: list(one["by"]) for one in shown.get("reactions", ())}
    is_deleted = shown.get("deleted_at") is not None
    return {
        "seq": shown["seq"],
        "by": shown["by"],
        "to": shown.get("to"),
        "text": shown.get("text"),
        "deleted": is_deleted,
        "reactions": reactions,
    }


def is_locked(element: Json) -> bool:
    return element.get("locked") is True
