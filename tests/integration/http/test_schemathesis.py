"""Every operation of the served document, called with generated requests: no 5xx, nothing undocumented."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from meetserver.accounts.messages import Register
from tests.integration.http.conftest import PASSWORD, Api, Make
from tests.long import by_length

# What a schema cannot say: that an address, a time or a zone exists. A request may fit it and still be refused.
SETTINGS = """
continue-on-failure = true

[checks]
positive_data_acceptance.expected-statuses = [{accepted}]
"""
ACCEPTED = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "429"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def api(make_api: Make) -> Api:
    return await make_api(require_verified_email=False, rate_factor=0)


async def conforms(api: Api, folder: Path, *words: str) -> str:
    """Run all checks over all operations, with these further words on its command line; a failure shows its report.
    How many requests that were."""
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS.format(accepted=", ".join(f'"{status}"' for status in ACCEPTED)))
    url = str(api.client.make_url("/api/v1/openapi.json"))
    options = ["--checks", "all", "--generation-deterministic", "--suppress-health-check", "all", "--no-color"]
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run", url, *options],
        *words,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    found = re.search(r"\d+ generated", output.decode())
    assert found is not None
    return f"{found[0]} requests"


async def test_for_whoever_is_not_signed_in(api: Api, tmp_path: Path, record_property: Any) -> None:
    examples = by_length(short="2", long="6")
    record_property("counted", await conforms(api, tmp_path, "--phases", "fuzzing", "--max-examples", examples))


async def test_for_an_administrator_who_owns_a_meeting(api: Api, tmp_path: Path, record_property: Any) -> None:
    await api.services.accounts.add(Register(email="ann@example.com", password=PASSWORD, name="Ann"), is_admin=True)
    token = (await api.log_in()).body["access_token"]
    admin = api.signed_in(token)
    await admin.given_meeting()
    # Without the calls that would end the session that all others need.
    ending = [f"--exclude-operation-id={name}" for name in ("logout", "end_session", "delete_me", "end_user_sessions")]
    # A form without a body is sent with one, and taken (tests/integration/http/test_files.py has those without).
    ending.append("--exclude-operation-id=upload_file")
    # Its phase that goes through the bounds of every field (5,000 requests) is left to the long run.
    phases = by_length(short=["--phases", "fuzzing,stateful"], long=[])
    said = await conforms(
        api, tmp_path, *phases, "--max-examples", "4", "--header", f"Authorization: Bearer {token}", *ending
    )
    record_property("counted", said)
    assert (await admin.get("/users/me")).status == 200, "one of the calls ended the session of all others"
