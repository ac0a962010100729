"""A chat as a file, piece by piece: as JSON for programs, as one page to read and print, as plain text. No I/O.

What people wrote stays text in each: in the page it is escaped, and in plain text every line of it is indented, so that
none can be taken for the head of another message.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.chat.messages import Message
from meetserver.http.printed import environment, policy_of
from meetserver.ids import ParticipantId

STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;"
    "padding:0 1rem;background:light-dark(#fff,#14161f);color:light-dark(#1c2033,#e8eaf2)}h1{line-height:1.2}"
    "h2{font-size:1rem;margin:2rem 0 .5rem;border-bottom:1px solid light-dark(#dee2e6,#3a4056)}"
    "ol{list-style:none;margin:0;padding:0}ol>li{margin:0 0 1rem;break-inside:avoid}p{margin:0}"
    "time,.note,.quote{color:light-dark(#495057,#a9afc6)}time,.note,.quote{font-size:.9rem}.note{font-style:italic}"
    ".said{white-space:pre-wrap;overflow-wrap:anywhere}a{color:inherit}"
    ".quote{border-left:3px solid light-dark(#ced4da,#4a5170);padding-left:.6rem;overflow-wrap:anywhere}"
    ".files{margin:.2rem 0;padding-left:1.2rem}:target{background:light-dark(#fff3bf,#3b3415)}"
    "@media print{:root{color-scheme:light}body{margin:0;max-width:none}a{text-decoration:none}}"
)
POLICY: Final = policy_of(STYLE)
EXCERPT_CHARS: Final = 100
JOINERS: Final = "\u200c\u200d"
"""Of words and emoji; other format characters reorder text, or hide it."""
GONE: Final = "somebody who left"


class Quoted(Struct, frozen=True):
    """A message as one that answers it shows it."""

    seq: int
    name: str
    excerpt: str


class Format(Protocol):
    """Asked for its pieces in this order: the head, each message in the order of seqs, the foot."""

    media_type: str
    ending: str

    def head(self) -> str: ...
    def message(self, one: Message) -> str: ...
    def foot(self) -> str: ...


class AsJson:
    """An array of messages as the API shows them, a line each."""

    media_type = "application/json"
    ending = "json"

    def __init__(self) -> None:
        self._is_empty = True

    def head(self) -> str:
        return "["

    def message(self, one: Message) -> str:
        begin, self._is_empty = "\n" if self._is_empty else ",\n", False
        return begin + msgspec.json.encode(one).decode()

    def foot(self) -> str:
        return "\n]\n"


class _Reading:
    """What both formats for people know of the messages before: whose ids are whose, and what is answered. Not
    `is_whole`: there were messages that are not kept any more."""

    def __init__(self, title: str, made_at: str, names: Mapping[ParticipantId, str], *, is_whole: bool = True) -> None:
        self._title = title
        self._made_at = made_at
        self._is_whole = is_whole
        self._names = dict(names)
        self._quoted: dict[str, Quoted] = {}
        self._day = ""

    def _names_of(self, people: list[str] | tuple[ParticipantId, ...]) -> list[str]:
        return list(dict.fromkeys(self._names.get(ParticipantId(id_), GONE) for id_ in people))

    def _reactions(self, one: Message) -> list[tuple[str, list[str]]]:
        return [(reaction.emoji, self._names_of(reaction.by)) for reaction in one.reactions]

    def _remember(self, one: Message) -> None:
        said = "deleted" if one.deleted_at else " ".join((one.text or "").split())
        self._quoted[one.message_id] = Quoted(one.seq, one.name, said[:EXCERPT_CHARS])
        if len(self._quoted) > limits.EXPORT_QUOTED:
            del self._quoted[next(iter(self._quoted))]


class AsPage(_Reading):
    """One page in HTML, whole in itself."""

    media_type = "text/html"
    ending = "html"

    def head(self) -> str:
        return self._made("head", self._title, self._made_at, self._is_whole, STYLE, POLICY)

    def message(self, one: Message) -> str:
        day = one.at[:10]
        begin = "" if day == self._day else self._made("day", day, not self._day)
        self._day = day
        quoted = self._quoted.get(one.reply_to or "")
        self._remember(one)
        shown = self._names_of(one.to or [])
        return begin + self._made("message", one, quoted, shown, self._reactions(one), files_of(one))

    def foot(self) -> str:
        return self._made("foot", not self._day)

    def _made(self, part: str, *values: object) -> str:
        return str(getattr(environment().get_template("chat.html").module, part)(*values)).lstrip("\n")


class AsText(_Reading):
    """Lines for people. A day stands over its messages."""

    media_type = "text/plain"
    ending = "txt"

    def head(self) -> str:
        made_at = f"{self._made_at[:10]} {self._made_at[11:16]}"
        older = "" if self._is_whole else "Older messages are not kept any more.\n"
        return f"{_line(self._title)}\nThe chat as of {made_at}. Times are in UTC.\n{older}"

    def message(self, one: Message) -> str:
        return "".join(f"{line}\n" for line in self._lines(one))

    def foot(self) -> str:
        return "" if self._day else "\nNothing was said.\n"

    def _lines(self, one: Message) -> Iterator[str]:
        if one.at[:10] != self._day:
            self._day = one.at[:10]
            yield f"\n== {self._day} =="
        quoted = self._quoted.get(one.reply_to or "")
        self._remember(one)
        to = f" to {_line(', '.join(self._names_of(one.to)))} alone" if one.to else ""
        yield f"\n[{one.at[11:19]}] {_line(one.name)}{to}{' (edited)' if one.edited_at else ''}"
        if one.reply_to:
            yield f"  > {_line(f'{quoted.name}: {quoted.excerpt}') if quoted else 'an earlier message'}"
        if one.deleted_at:
            yield "  (deleted)"
        yield from (f"  {_line(line)}".rstrip() for line in (one.text or "").splitlines())
        yield from (f"  [file] {_line(name)}" for name in files_of(one))
        yield from (f"  {emoji} {_line(', '.join(names))}" for emoji, names in self._reactions(one))


def files_of(one: Message) -> list[str]:
    """What its files are called, and how large they are."""
    return [f"{file.name} ({_size(file.size_bytes)})" for file in one.files or ()]


def _size(size_bytes: int) -> str:
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def _line(text: str) -> str:
    """One line that does nothing to a terminal, and in which nothing is reordered."""
    if text.isprintable():
        return text
    kept = (c for c in text if c in JOINERS or c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    return "".join(" " if c.isspace() else c for c in kept)
