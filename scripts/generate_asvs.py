"""docs/security/asvs.md from asvs.toml beside it: what applies, which test shows it, what does not apply and why."""

from scripts.generate_types import table
from tests.asvs import Point, listing

HEAD = """# OWASP ASVS 5.0, level 1 and 2

Made from `asvs.toml` by `python -m scripts.generate_docs`. The ids are those of the Application Security Verification
Standard 5.0.0; what stands beside them is ours, in a few words. `make test` says at its end how many of these points
were shown by a test that ran.
"""


def asvs_page() -> str:
    listed = listing()
    with_test = [point for point in listed.point if point.tests]
    without = [point for point in listed.point if not point.tests]
    left_out = [[", ".join(one.ids), one.because] for one in listed.left_out]
    parts = [
        HEAD,
        f"{len(listed.point)} points apply; {len(with_test)} name a test, {len(without)} have none.\n",
        "## Shown by a test\n",
        table(["point", "what", "shown by"], [[p.id, p.says + _note(p), _tests(p)] for p in with_test]),
        "\n## Applies, and no test shows it\n",
        table(["point", "what", "what there is"], [[p.id, p.says, p.note] for p in without]),
        "\n## Does not apply\n",
        table(["points", "because"], left_out),
    ]
    return "\n".join(parts) + "\n"


def _note(point: Point) -> str:
    return f" ({point.note})" if point.note else ""


def _tests(point: Point) -> str:
    return ", ".join(f"`{test}`" for test in point.tests)
