"""Letters from templates: a folder per letter with subject.txt, body.txt and body.html.

HTML escapes by itself; a value that a template names and nobody gives is an error, not an empty place.
"""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from meetserver.ports import Mail

TEMPLATES = Path(__file__).parent / "templates"


class Letters:
    def __init__(self, public_url: str, templates: Path = TEMPLATES) -> None:
        """`public_url`: what links start with, no slash at its end."""
        self._environment = Environment(
            loader=FileSystemLoader(templates),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.globals["public_url"] = public_url

    def render(self, letter: str, to: str, values: Mapping[str, object]) -> Mail:
        """The letter to one address, as text and as HTML. The subject is one line whatever the values hold."""
        subject = " ".join(self._part(letter, "subject.txt", values).split())
        return Mail(
            to=to,
            subject=subject,
            text=self._part(letter, "body.txt", values),
            html=self._part(letter, "body.html", {**values, "subject": subject}),
        )

    def _part(self, letter: str, part: str, values: Mapping[str, object]) -> str:
        return self._environment.get_template(f"{letter}/{part}").render(values)
