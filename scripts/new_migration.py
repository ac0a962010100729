"""Writes a migration from what the models have and the migrations so far do not.

    .venv/bin/python scripts/new_migration.py "polls"            a further one
    .venv/bin/python scripts/new_migration.py --again "first tables"   the newest one anew, while it is not released

Read what it wrote: it cannot see that a column was renamed, or move data.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script
from sqlalchemy import Connection

from meetserver.adapters.alembic_steps import alembic_config
from meetserver.adapters.migrations import migrate, migration_engine
from meetserver.config import Config

SCHEMA = Path(__file__).parents[1] / "schema"
VERSIONS = SCHEMA / "migrations" / "versions"
PACKAGE = SCHEMA / "__init__.py"
BY_HAND = "\n    # By hand"
"""Begins the last steps of a migration that cannot be seen in the models; they stay when it is written anew."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("message", help="what it does, in a few words")
    parser.add_argument("--again", action="store_true", help="replace the newest migration")
    arguments = parser.parse_args()
    by_hand = ""
    if arguments.again:
        newest = max(VERSIONS.glob("[0-9]*.py"))
        _, marker, steps = newest.read_text().partition(BY_HAND)
        by_hand = marker + steps
        newest.unlink()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(write(Config(database_url=f"sqlite:///{folder}/new.sqlite3"), arguments.message))
    newest = max(VERSIONS.glob("[0-9]*.py"))
    newest.write_text(newest.read_text() + by_hand)


async def write(config: Config, message: str) -> None:
    numbers = [int(path.name[:4]) for path in VERSIONS.glob("[0-9]*.py")]
    revision = f"{max(numbers, default=0) + 1:04}"

    def revise(connection: Connection) -> None:
        script = command.revision(alembic_config(connection), message, autogenerate=True, rev_id=revision)
        assert isinstance(script, Script)
        tidy(Path(script.path))
        PACKAGE.write_text(re.sub(r'HEAD = "\d+"', f'HEAD = "{revision}"', PACKAGE.read_text()))

    if numbers:
        await migrate(config)
    engine = migration_engine(config)
    async with engine.begin() as connection:
        await connection.run_sync(revise)
    await engine.dispose()


def tidy(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.strip().startswith("# ###")))
    for step in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, path], check=True)


if __name__ == "__main__":
    main()
