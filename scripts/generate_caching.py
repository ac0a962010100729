"""docs/caching.md: what is cached and for how long, as the code has it."""

from meetserver import limits
from meetserver.cache.keys import KINDS, Kind
from scripts.generate_types import table

HEAD = f"""# What is cached, and how late it may be

Made from `meetserver/cache/keys.py` by `python -m scripts.generate_docs`. Reads go to this process's copy, then, for
some kinds, to the copy that all processes share in Redis, then to the database: once, for all who ask for the same.
Without Redis what would be shared is kept in memory. Nothing that is refused is kept, and that there is nothing only of
`meeting`, as what somebody may not see must take no other time than what is not there.

- **Here.** A process answers from its copy for at most {limits.CACHE_LOCAL_S:g} s, less a fifth by chance, counted from
  before it was read. That bound needs nobody: whatever is lost between processes, a copy is no older. A session that
  was revoked, an account that was disabled, a role that was taken end within a second on every process.
- **Shared.** For the kind's time, less a tenth by chance, and then here once more.
- **Stale.** While the database is away, a copy of a kind that may be stale is served for so much longer, and the
  database is asked again each {limits.CACHE_AWAY_S:g} s. Nothing that is known to have changed is. Sessions, and what
  joining depends on, are never served stale.
- **A change** notes the keys of what it changes in its unit of work (`database.changed`). After the commit, and before
  whoever made it has an answer, the copies here and the shared ones are gone; the others' go with a message on the bus.
  What was being read meanwhile is not kept, and what was forgotten is not shared again for
  {limits.CACHE_FORGET_S:g} s, so that no slow reader elsewhere puts back what was there before.
- **Bounds.** {limits.CACHE_LOCAL_BYTES // 1024**2} MiB of each kind here; what was used longest ago goes first. A Redis
  that does not answer within {limits.CACHE_TIMEOUT_S * 1000:g} ms has nothing, and is left alone for
  {limits.CACHE_AWAY_S:g} s.

With `MEET_LOG_LEVEL=debug` answers have a header `X-Cache: session=hit, meetings_of=miss`: `hit`, `miss` or `stale`
for each kind that was read.

"""

FAILURES = [
    ["nothing fails", "0 s where it was made; elsewhere as long as a message takes, some milliseconds", "the same"],
    ["the message is lost, or the bus is away", "{local}", "{local}"],
    ["Redis is away", "{local}", "{local}"],
    ["Redis is back, or was cut off only from who made the change: it is told then", "{local}", "{back} after that"],
    ["… and who made the change has died meanwhile, or just after its commit", "{local}", "{shared}"],
    ["a command of the administrator's changed it, in a process of its own", "{local}", "{local} (Redis), {shared}"],
]

TAIL = """
Rates are counted by the limiter (`adapters/limiter.py`), also in Redis where there is one: counts are taken, not read,
and cannot be kept beside. Rules about addresses, signing keys and data keys are small, and every process has all of
them in memory; [limits.md](limits.md) says how often it looks.
"""


def caching_page() -> str:
    longest_s = max(kind.shared_s for kind in KINDS.values())
    times = {
        "local": _s(limits.CACHE_LOCAL_S),
        "back": _s(2 * limits.CACHE_AWAY_S + limits.CACHE_TIMEOUT_S + limits.CACHE_LOCAL_S),
        "shared": _s(longest_s + limits.CACHE_LOCAL_S),
    }
    failures = [[cell.format(**times) for cell in row] for row in FAILURES]
    return "".join(
        [
            HEAD,
            table(
                ["kind", "what", "shared for", "stale for", "changed by"],
                [[f"`{kind.name}`", kind.what, *_times(kind), kind.changed_by] for kind in KINDS.values()],
            ),
            "\n## How long a change can go unseen\n\nAt most, for a reader on another process:\n\n",
            table(["when", "what is not shared", "what is"], failures),
            TAIL,
        ]
    )


def _times(kind: Kind) -> list[str]:
    return [_s(kind.shared_s) if kind.shared_s else "no", _s(kind.stale_s) if kind.stale_s else "never"]


def _s(seconds: float) -> str:
    return f"{seconds:g} s"
