"""Pages that are kept and printed: each whole in itself, without a script, with all that people wrote as text."""

import hashlib
from base64 import b64encode
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from meetserver.http.pages import WEB


def policy_of(style: str) -> str:
    """The Content-Security-Policy that lets a page have this style and images of its own, and nothing else."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def environment() -> Environment:
    """Escapes whatever is put into a template."""
    made = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["clock"] = lambda at: f"{at[:10]} {at[11:16]}"
    made.filters["minutes"] = lambda seconds: f"{seconds / 60:.0f} min"
    return made
