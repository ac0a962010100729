"""How often somebody may do something."""

from typing import Final, NamedTuple


class Rate(NamedTuple):
    """So many in so many seconds, by key, as a sliding window."""

    name: str
    amount: int
    per_s: float


# --- rates: all times the setting rate_factor
RATES: Final = {
    rate.name: rate
    for rate in (
        Rate("sign_in", 60, 60.0),
        Rate("sign_up", 30, 600.0),
        Rate("recover", 30, 600.0),
        Rate("join", 240, 60.0),
        Rate("passcode", 10, 60.0),
        Rate("write", 600, 60.0),
        Rate("read", 3000, 60.0),
        Rate("socket", 240, 60.0),
        Rate("export", 30, 60.0),
    )
}
"""By address block or user: calls that sign in, sign up, recover; joins; tries of a passcode; calls
that change and calls that read; upgrades to sockets; chats as files."""
LIMITER_KEYS = 50_000
"""Keys that one process counts for in memory; above that, those used longest ago are forgotten."""
LIMITER_TIMEOUT_S = 0.25
"""Redis has this long to count; then memory does."""
LIMITER_AWAY_S = 1.0
"""A Redis that did not answer is asked again after this long."""
OWN_MACHINE_FACTOR = 20
"""A loopback address may do this many times more: behind it stand many, or the operator."""
