"""What rounds showed, a line of JSON each, so that the counts of several runs add up while the code is the same."""

import datetime
import hashlib
import subprocess
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.faults.matrix.play import Outcome

SOURCE = Path(__file__).parents[3]
FOLDER = SOURCE / "tests" / "faults" / "results"
ROUNDS = FOLDER / "rounds.jsonl"
WHAT_COUNTS = ("meetserver", "schema")


class Record(Struct, frozen=True):
    """One round: of which code, when (UTC, ISO 8601), and with how much load."""

    version: str
    at: str
    clients: int
    rooms: int
    outcome: Outcome


def version() -> str:
    """The last commit to the server's source; with a digest when that is not as it was committed."""
    commit = _git("log", "-1", "--format=%h", "--abbrev=12", "--", *WHAT_COUNTS)
    return commit if not _git("status", "--porcelain", "--", *WHAT_COUNTS) else f"{commit}+{_digest()}"


def append(record: Record, file: Path = ROUNDS) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("ab") as lines:
        lines.write(msgspec.json.encode(record) + b"\n")


def read(of: str, file: Path = ROUNDS) -> list[Record]:
    """The rounds of the version `of`."""
    lines = file.read_bytes().splitlines() if file.exists() else []
    records = (msgspec.json.decode(line, type=Record) for line in lines)
    return [record for record in records if record.version == of]


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def keep_log(record: Record, log: str) -> Path:
    """A file with what failed in the round, and all that the shards wrote."""
    folder = FOLDER / "failures"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{record.outcome.row}-{record.at.replace(':', '')}.txt"
    file.write_text("\n".join([record.version, *record.outcome.failures, log]))
    return file


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=SOURCE, capture_output=True, text=True, check=True).stdout.strip()


def _digest() -> str:
    digest = hashlib.sha256()
    for folder in WHAT_COUNTS:
        for file in sorted((SOURCE / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(SOURCE)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]
