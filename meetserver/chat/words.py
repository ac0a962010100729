"""The words of a text, for finding it again: the same for each database, as both are given words and no text.

A word is letters and digits with their marks, whatever their case, width or accent. Scripts that put no space between
words (Chinese, Japanese, Thai …) and signs (emoji) give a word for each character, and so a word of theirs is a phrase.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from meetserver import limits
from meetserver.ports import Phrase, Sought, Words

_SPACELESS: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""They say how the sign before is drawn, and are no part of the word after it."""
_SPAN: Final = re.compile("w+|s")
_PART: Final = re.compile(r'(-?)(?:"([^"]*)"?|(\S+))')


class _Kinds(dict[int, str]):
    """Of a character: w of a word, s a word of its own, else a space."""

    def __missing__(self, point: int) -> str:
        kind = _kind(chr(point))
        if point < 0x3000:  # of those there are few, and they come again
            self[point] = kind
        return kind


def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if category == "So" or _SPACELESS.match(char):
        return "s" if category[0] in "LNMS" else " "
    if _SELECTORS.match(char):
        return " "
    return "w" if category[0] in "LNM" else " "


_KINDS: Final = _Kinds()


def spans(text: str) -> list[tuple[int, int]]:
    """Where its words stand: start and end, in code points."""
    return [found.span() for found in _SPAN.finditer(text.translate(_KINDS))]


def words_of(text: str) -> Words:
    return _words(text, spans(text))


def _words(text: str, at: list[tuple[int, int]]) -> Words:
    return tuple(_plain(text[start : min(end, start + limits.SEARCH_WORD_CHARS)]) for start, end in at)


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    """As it is compared. Never empty; of a long one the beginning."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    bare = _ACCENTS.sub("", folded)
    plain = "".join(char for char in bare if _KINDS[ord(char)] != " ")[: limits.SEARCH_WORD_CHARS]
    return plain or "\N{MIDDLE DOT}"


def sought_in(query: str) -> Sought | None:
    """Words, "several in their order", -without; the last word may be the beginning of one. None: there is nothing to
    look for."""
    wanted, unwanted = list[Phrase](), list[Phrase]()
    for part in _PART.finditer(query):
        minus, quoted, bare = part.groups()
        words = words_of(bare if quoted is None else quoted)
        if not words:
            continue
        is_last = part.end() == len(query) and quoted is None and not minus
        (unwanted if minus else wanted).append(Phrase(words, is_last))
    return Sought(tuple(wanted), tuple(unwanted)) if wanted else None


def found_in(text: str, sought: Sought) -> list[tuple[int, int]] | None:
    """Where in the text it is: start and length, in code points, rising, the first limits.SEARCH_HIGHLIGHTS. None: the
    text is none that is sought."""
    at = spans(text)
    words = _words(text, at)
    if any(_places(words, phrase) for phrase in sought.unwanted):
        return None
    marked: list[tuple[int, int]] = []
    for phrase in sought.wanted:
        places = _places(words, phrase)
        if not places:
            return None
        marked += [(at[first][0], at[first + len(phrase.words) - 1][1]) for first in places]
    return [(start, end - start) for start, end in _joined(marked)][: limits.SEARCH_HIGHLIGHTS]


def matches(words: Words, sought: Sought) -> bool:
    is_free = not any(_places(words, phrase) for phrase in sought.unwanted)
    return is_free and all(_places(words, phrase) for phrase in sought.wanted)


def _places(words: Words, phrase: Phrase) -> list[int]:
    """The indexes at which it begins."""
    *whole, last = phrase.words
    found, first = list[int](), whole[0] if whole else last
    for index, word in enumerate(words):
        if not (word == first or (not whole and phrase.is_prefix and word.startswith(first))):
            continue
        end = index + len(whole)
        if end >= len(words) or list(words[index:end]) != whole:
            continue
        if words[end] == last or (phrase.is_prefix and words[end].startswith(last)):
            found.append(index)
    return found


def _joined(marked: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(marked):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
