"""What the words of a text are, and where a query finds them."""

import pytest

from meetserver import limits
from meetserver.chat.words import found_in, matches, sought_in, spans, words_of
from meetserver.ports import Phrase, Sought


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, all!", ("hello", "all")),
        ("STRASSE straße", ("strasse", "strasse")),
        ("Caf\u00e9 cafe\u0301", ("cafe", "cafe")),
        ("\uff28\uff45\uff4c\uff4c\uff4f \ufb01ne", ("hello", "fine")),
        ("a_b a-b 3.14 x@y.org", ("a", "b", "a", "b", "3", "14", "x", "y", "org")),
        ("会议 at 9", ("会", "议", "at", "9")),
        ("ok\N{PARTY POPPER}\N{PARTY POPPER}", ("ok", "\N{PARTY POPPER}", "\N{PARTY POPPER}")),
        ("\u0928\u092e\u0938\u094d\u0924\u0947 world", ("\u0928\u092e\u0938\u094d\u0924\u0947", "world")),
        ("", ()),
        (" \x00 \ud800 '\"\\ & | ! :* <->", ()),
        ("\u0301", ("\N{MIDDLE DOT}",)),
        ("\u2764\ufe0fthanks", ("\u2764", "thanks")),
        ("\u845b\U000e0100\u57ce", ("\u845b", "\u57ce")),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


def test_of_a_long_word_the_beginning() -> None:
    assert words_of("x" * (limits.SEARCH_WORD_CHARS + 1)) == ("x" * limits.SEARCH_WORD_CHARS,)
    assert len(words_of("\ufdfa" * limits.CHAT_TEXT_CHARS)[0]) == limits.SEARCH_WORD_CHARS


def test_spans_are_in_the_text_as_it_was_written() -> None:
    text = "\N{PARTY POPPER} Caf\u00e9, die Stra\u00dfe"
    assert [text[start:end] for start, end in spans(text)] == ["\N{PARTY POPPER}", "Caf\u00e9", "die", "Stra\u00dfe"]


@pytest.mark.parametrize(
    ("query", "sought"),
    [
        ("hello", Sought((Phrase(("hello",), True),))),
        ("hello ", Sought((Phrase(("hello",)),))),
        ("Two words", Sought((Phrase(("two",)), Phrase(("words",), True)))),
        ('"Two words"', Sought((Phrase(("two", "words")),))),
        ('"two words', Sought((Phrase(("two", "words")),))),
        ("one -two", Sought((Phrase(("one",)),), (Phrase(("two",)),))),
        ('one -"two three"', Sought((Phrase(("one",)),), (Phrase(("two", "three")),))),
        ("e-mail", Sought((Phrase(("e", "mail"), True),))),
        ("会议", Sought((Phrase(("会", "议"), True),))),
        ("-only", None),
        ("", None),
        ('"" - \x00 !', None),
    ],
)
def test_queries(query: str, sought: Sought | None) -> None:
    assert sought_in(query) == sought


@pytest.mark.parametrize(
    ("text", "query", "places"),
    [
        ("Hello all", "all", ["all"]),
        ("Hello all", "hell", ["Hello"]),
        ("Hello all", "hell ", None),
        ("Hello all", "ello", None),
        ("so, so long", '"so so"', ["so, so"]),
        ("so so so", '"so so"', ["so so so"]),
        ("one two three", '"one three"', None),
        ("one two three", "three one", ["one", "three"]),
        ("one two", "one -two", None),
        ("one twofold", "one -two", ["one"]),
        ("die Straße", "STRASSE", ["Straße"]),
        ("今日の会议です", "会议", ["会议"]),
        ("\N{PARTY POPPER} \N{PARTY POPPER} x", "x", ["x"]),
    ],
)
def test_what_is_found_is_marked(text: str, query: str, places: list[str] | None) -> None:
    sought = sought_in(query)
    assert sought is not None
    found = found_in(text, sought)
    assert (None if found is None else [text[start : start + length] for start, length in found]) == places
    assert matches(words_of(text), sought) == (places is not None)


def test_only_so_many_places_are_marked() -> None:
    sought = sought_in("x")
    assert sought is not None
    assert len(found_in("x " * (limits.SEARCH_HIGHLIGHTS + 1), sought) or ()) == limits.SEARCH_HIGHLIGHTS
