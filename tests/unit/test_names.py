import pytest

from meetserver.errors import BadMessage
from meetserver.names import clean_name


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ann", "Ann"),
        ("  Ann B. ", "Ann B."),
        ("Zoe\u0301", "Zoé"),
        ("山田", "山田"),
        ("👩‍🚀", "👩‍🚀"),
        ("שלום", "שלום"),
    ],
)
def test_a_name_is_normalised_and_trimmed(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    "character", list("\x00\x07\t\n\r\x1b\x7f\x85\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff")
)
def test_what_deceives_or_breaks_a_line_is_refused(character: str) -> None:
    for name in (character, f"A{character}B", f"A{character}", f"{character}A"):
        with pytest.raises(BadMessage):
            clean_name(name)


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\u00a0"])
def test_a_blank_name_is_refused(blank: str) -> None:
    with pytest.raises(BadMessage):
        clean_name(blank)
