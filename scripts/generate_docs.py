"""Writes what the documentation says about settings, limits and messages, from the code.

    .venv/bin/python -m scripts.generate_docs

tests/unit/test_generated_docs.py fails when a page says something else than the code.
"""

import sys
from pathlib import Path

from scripts.generate_access import access_page
from scripts.generate_asvs import asvs_page
from scripts.generate_caching import caching_page
from scripts.generate_limits import limits_page
from scripts.generate_protocol import protocol_page
from scripts.generate_settings import settings_example, settings_page

ROOT = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    """Path from the top of the source to what must stand there."""
    protocol = "docs/protocol.md"
    return {
        "conf/settings.md": settings_page(),
        "conf/meetserver.toml.example": settings_example(),
        "docs/caching.md": caching_page(),
        "docs/limits.md": limits_page(),
        "docs/security/access.md": access_page(),
        "docs/security/asvs.md": asvs_page(),
        protocol: protocol_page((ROOT / protocol).read_text()),
    }


def main() -> None:
    for path, content in pages().items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(content)
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
