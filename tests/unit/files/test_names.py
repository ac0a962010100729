"""Names as people see them and save under, and the header that says them. The hostile ones: tests/files/hostile.py."""

import time
import unicodedata
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meetserver import limits
from meetserver.files.names import content_disposition, name_of, shown_name

ANY_NAME = st.text(st.characters(), max_size=300)


@given(ANY_NAME)
def test_any_name_becomes_one_that_every_system_can_save(sent: str) -> None:
    name = shown_name(sent)
    assert 0 < len(name.encode()) <= limits.FILE_NAME_BYTES
    assert not set(name) & set('/\\<>:"|?*')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert not [one for one in name if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}]
    assert unicodedata.normalize("NFC", name) == name


@given(ANY_NAME)
def test_a_shown_name_stays_as_it_is(sent: str) -> None:
    assert shown_name(shown_name(sent)) == shown_name(sent)


@pytest.mark.parametrize(
    "name", ["Minutes 2026-11-23.pdf", "日本語の議事録.docx", "نشست\u200cها.txt", "👩\u200d💻.png", "a.b.c"]
)
def test_an_honest_name_stays_as_it_is(name: str) -> None:
    assert shown_name(name) == name


def test_a_name_of_just_the_length_stays_and_a_longer_one_keeps_its_ending() -> None:
    longest = "x" * (limits.FILE_NAME_BYTES - 4) + ".txt"
    assert shown_name(longest) == longest
    assert shown_name("x" + longest) == longest
    assert shown_name("é" * 200) == "é" * 100
    assert shown_name("a." + "x" * 300) == "a." + "x" * 198


def test_a_name_of_nothing_but_accents_holds_nobody_up() -> None:
    begun = time.process_time()
    assert shown_name("a" + "\u0301\u0327" * 50_000 + ".txt").endswith(".txt")
    assert time.process_time() - begun < 0.05


@given(ANY_NAME, st.booleans())
def test_the_header_says_the_name_whole_in_one_line(sent: str, is_inline: bool) -> None:
    name = shown_name(sent)
    value = content_disposition(name, is_inline=is_inline)
    assert value.isascii()
    assert value.isprintable()
    message = EmailMessage()
    message["Content-Disposition"] = value
    assert message.get_content_disposition() == ("inline" if is_inline else "attachment")
    if "filename*" in value:
        del message["Content-Disposition"]
        message["Content-Disposition"] = f"attachment; {value.split('; ')[-1]}"
    assert message.get_filename() == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minutes.pdf", 'attachment; filename="minutes.pdf"'),
        ("Überblick.txt", "attachment; filename=\"Uberblick.txt\"; filename*=UTF-8''%C3%9Cberblick.txt"),
        ("отчёт.pdf", "attachment; filename=\"file.pdf\"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82.pdf"),
        ("a%2f(1).txt", "attachment; filename=\"a_2f(1).txt\"; filename*=UTF-8''a%252f%281%29.txt"),
    ],
)
def test_who_knows_no_unicode_gets_a_name_in_ascii(name: str, value: str) -> None:
    assert content_disposition(name, is_inline=False) == value


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Weekly", "Weekly.csv"),
        ("Q1/Q2 plans", "Q1-Q2 plans.csv"),
        ("either\\or/", "either-or-.csv"),
        ("x" * 300, "x" * (limits.FILE_NAME_BYTES - 4) + ".csv"),
    ],
)
def test_a_title_s_slashes_are_no_folders(title: str, name: str) -> None:
    assert name_of(title, ".csv") == name
