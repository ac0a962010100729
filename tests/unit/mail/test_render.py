import jinja2
import pytest

from meetserver.mail.render import TEMPLATES, Letters

VALUES = {
    "name": "Ann <b>&",
    "token": "t-1",
    "life_h": 48,
    "email": "ann@example.org",
    "new_email": "ann@example.org",
    "what": "A passkey was added",
    "file": "a <b>.txt",
    "meeting": "m1",
}


@pytest.fixture
def letters() -> Letters:
    return Letters("https://meet.example.com")


def test_a_letter_is_text_and_html_with_the_link_in_both(letters: Letters) -> None:
    mail = letters.render("verify", "ann@example.com", VALUES)
    link = "https://meet.example.com/verify/t-1"
    assert link in mail.text.splitlines()
    assert mail.html is not None
    assert f'href="{link}"' in mail.html
    assert "Ann <b>&" in mail.text
    assert "Ann &lt;b&gt;&amp;" in mail.html
    assert mail.to == "ann@example.com"


def test_a_value_that_is_missing_is_an_error(letters: Letters) -> None:
    with pytest.raises(jinja2.UndefinedError):
        letters.render("verify", "ann@example.com", {"name": "Ann"})


@pytest.mark.parametrize("letter", sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir()))
def test_every_letter_renders(letters: Letters, letter: str) -> None:
    mail = letters.render(letter, "ann@example.com", VALUES)
    assert mail.subject
    assert "\n" not in mail.subject
    assert mail.html is not None
    assert "<b>" not in mail.html


@pytest.mark.parametrize("letter", ["verify", "reset", "invite", "email_old", "email_new"])
def test_a_letter_with_a_link_says_how_long_it_works(letters: Letters, letter: str) -> None:
    mail = letters.render(letter, "ann@example.com", VALUES)
    assert mail.html is not None
    for text in (mail.text, mail.html):
        assert "/t-1" in text
        assert "48 h" in text
