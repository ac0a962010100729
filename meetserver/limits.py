"""Every limit of the server, in one place. Units stand in the names; docs/limits.md is made from this file.

A limit that operators may change is a setting (config.py); these are the protocol's and the design's own.
"""

from typing import Final, NamedTuple


class Rate(NamedTuple):
    """So many in so many seconds, by key, as a sliding window."""

    name: str
    amount: int
    per_s: float


# --- the socket (docs/protocol.md)
FRAME_BYTES = 64 * 1024
"""Largest frame a client may send."""
HELLO_TIMEOUT_S = 10.0
"""Time to say hello after the welcome."""
PING_S = 25.0
"""The server pings a silent socket this often."""
PONG_TIMEOUT_S = 8.0
"""No sign of life for this long after a ping: closed."""
SEND_QUEUE_BYTES = 64 * 1024
"""Above this many unsent bytes a session is skipped and catches up later."""
UNREAD_BYTES = 2 * 1024 * 1024
"""A client that sends commands and leaves this much unread, answers among it, is cut (3008)."""
LAG_S = 10.0
"""A session that lags for this long is cut (3008)."""
ABORT_AFTER_CLOSE_S = 3.0
"""The transport is aborted this long after a close that the peer does not finish."""
SNAPSHOT_BYTES = 1024 * 1024
"""A snapshot frame above this has its largest part replaced by a link."""
TXN_CHARS = 64
"""Longest txn."""
COMMAND_ID_CHARS = 64
"""Longest command id that is a string."""
UNANSWERED_COMMANDS = 64
"""Commands of one connection that may wait for their reply; one more is `busy`."""
CUT_S = 0.5
"""A flooder's socket is aborted this long after its close frame; nothing is read of it any more."""
COMMANDS_PER_TURN = 32
"""Commands of one connection that are handled before the others get their turn."""
COMMAND_RATE_PER_S = 100
"""Sustained commands a second of one connection; above it `rate_limited`."""
COMMAND_BURST = 200
"""Commands that a silent connection may send at once."""
FLOOD_REFUSALS = 1000
"""Refused this many times more often than passed by the rate limit: closed (3508)."""

# --- the room
RESUME_WINDOW_S = 120.0
"""A dropped socket keeps its session, role and place for this long."""
TICKET_LIFE_S = 30.0
"""Life of a join ticket."""
EDGE_EVENTS = 1000
"""Frames that an edge keeps for those who catch up."""
EDGE_EVENTS_AGE_S = 300.0
"""… and for how long."""
LOG_PAGE_EVENTS = 500
"""Entries that one read of the log brings."""
ROOM_IDLE_S = 60.0
"""A room without anybody is put to sleep after this long."""
ROOM_MEMBERS = 10_000
"""Members a room may ever have; a meeting's `max_participants` is at most this."""
ROSTER_MEMBERS = 2000
"""A snapshot with more participants than this has a link in their place."""
DATA_LANE_COMMANDS = 4096
"""Commands waiting in a room's mailbox; one more is `busy`."""
CONTROL_LANE_MESSAGES = 65_536
"""Attach, detach, results of commits and timers waiting in a room's mailbox."""
COMMIT_BATCH_ENTRIES = 256
"""Entries of one room in one commit."""
COMMIT_STATEMENT_ENTRIES = 1024
"""Entries of all rooms in one commit."""
COMMIT_QUEUE_ENTRIES = 32_768
"""Entries of all rooms that wait for the committer; what comes above it is refused as `unavailable`."""
RECENT_RECEIPTS = 2048
"""Receipts of acknowledged commands that a room remembers without asking its log."""
FANOUT_SLICE_S = 0.002
"""A fan-out gives the loop back after this long."""
EPHEMERAL_WINDOW_S = 0.010
"""Pointers, previews and presence wait this long for company."""
RESTARTS = 5
"""So many crashes of a room …"""
RESTART_WINDOW_S = 60.0
"""… within this time quarantine it."""
ANSWER_TIMEOUT_S = 5.0
"""A command or a hello that the room did not answer for this long gets `timeout` or `unavailable`."""
DRAIN_S = 20.0
"""At SIGTERM rooms have this long to finish; what then still runs is cut."""
COMMIT_TIMEOUT_S = 5.0
"""No answer to a commit for this long: its outcome is unknown."""

# --- chat
CHAT_TEXT_CHARS = 8000
"""Longest message."""
CHAT_ADDRESSEES = 50
"""People that one private message goes to, at most."""
CHAT_PAGE_BYTES = 512 * 1024
"""A snapshot's chat page has fewer messages when they would need more than this."""
CHAT_PAGE_MESSAGES = 100
"""Messages in a snapshot's chat page, and at most in one page over HTTP."""
CHAT_PRIVATE_MESSAGES = 1000
"""Private messages that a room keeps at hand, all conversations together; older ones are in the log."""
CHAT_FILES = 20
"""File ids in one message (no server takes files yet)."""
CIPHERTEXT_CHARS = 32_000
"""Longest encrypted message."""

# --- whiteboard
BOARD_OPS = 200
"""Ops in one whiteboard.apply."""
BOARD_ELEMENT_BYTES = 32 * 1024
"""One element, encoded."""
BOARD_ELEMENT_DEPTH = 32
"""Lists and objects inside each other in one element: deeper, and some clients could not read a snapshot."""
BOARD_BYTES = 64 * 1024 * 1024
"""All elements of all pages, encoded."""
BOARD_ELEMENTS = 50_000
"""Elements of one page."""
BOARD_PAGES = 50
"""Pages with something on them."""

# --- signaling
SDP_CHARS = 48_000
"""Longest offer or answer."""
CANDIDATES = 64
"""ICE candidates in one message."""
CANDIDATE_CHARS = 2000
"""One candidate, encoded."""

# --- names
NAME_CHARS = 80
"""Longest name of a person."""
STATUS_CHARS = 80
"""Longest status beside a name."""
TITLE_CHARS = 200
"""Longest title of a meeting."""
DESCRIPTION_CHARS = 10_000
"""Longest description of a meeting."""
EMAIL_CHARS = 254
"""Longest e-mail address (RFC 5321)."""

# --- HTTP
BODY_BYTES = 256 * 1024
"""Largest JSON body."""
PAGE_ITEMS = 100
"""Most items of one page of a list; `?limit=` above it is refused."""
PASSWORD_MIN_CHARS = 10
"""Shortest password of a new account."""
PASSWORD_MAX_CHARS = 1024
"""Longest password."""
IDEMPOTENCY_KEY_CHARS = 128
"""Longest Idempotency-Key."""
IDEMPOTENCY_LIFE_S = 24 * 3600
"""An answer to such a request is kept, and given again, for this long."""
IDEMPOTENCY_SWEEP_S = 3600.0
"""What has run out (such answers, sessions, mailed links) is deleted this often."""
IDEMPOTENCY_WAIT_S = 10.0
"""A repeated request waits this long for the first one's answer; then `conflict`."""
IDEMPOTENCY_CLAIM_S = 60.0
"""A request that has not answered for this long is taken for dead, and its key may be used again."""
SEARCH_CHARS = 200
"""Longest `?q=`."""
SEARCH_ENTRIES = 5000
"""Entries that one search looks through; its `next` goes on from there."""
PASSWORD_CHECKS_WAITING = 256
"""Password hashes waiting for a core; one more is `busy`."""
REFRESH_GRACE_S = 10.0
"""The refresh token before the current one may be repeated for this long, and gets the same successor."""
SESSION_TOUCH_S = 3600.0
"""A cookie session's last use is written down at most this often."""
VERIFY_LIFE_S = 48 * 3600
"""Life of the link in a verification mail."""
VERIFY_AGAIN_S = 60.0
"""Another verification mail goes to the same account after this long at the earliest."""
MEETING_MINUTES = 7 * 24 * 60
"""Longest meeting."""
TRANSACTION_ATTEMPTS = 10
"""Tries of a unit of work that meets deadlocks or serialization failures."""

# --- keys, jobs and mail
KEY_SPREAD_S = 120.0
"""A new data key seals from this long after it was made: by then every process has seen it (it looks each minute)."""
KEY_REFRESH_S = 60.0
"""A server looks for keys that other processes made this often."""
KEY_AGE_S = 90 * 86400
"""A data key this old is due for rotation."""
KEY_SEALS = 2**28
"""So is one that sealed this often in one process: 16 of them stay below AES-GCM's 2^32 random nonces."""
JOB_SLOTS = 8
"""One-off jobs that one process runs at once. Periodic ones come on top: one of each kind in the whole cluster."""
JOB_LEASE_S = 30.0
"""A job whose process fell silent is taken over after this long."""
JOB_POLL_S = 1.0
"""A due job that nobody was woken for waits this long at most."""
JOB_TIMEOUT_S = 3600.0
"""A try that takes longer has failed."""
JOB_HISTORY_S = 7 * 86400
"""Done jobs, and what became of each try, are kept this long; dead jobs until somebody looks."""
JOB_ERROR_CHARS = 500
"""Kept of an error's text."""
MAIL_POLL_S = 10.0
"""A mail that is tried again may be this late."""
MAILS_TOGETHER = 8
"""Mails handed over at once."""
MAIL_TIMEOUT_S = 60.0
"""A mail that is not taken within this time is tried again later."""
MAIL_ATTEMPTS = 12
"""With delays of 10 s, 40 s, 160 s … 4 h, a mail server that is away for a day loses no mail."""
MAIL_FIRST_DELAY_S = 10.0
"""Before the second try of a mail; four times as long before each further one."""
MAIL_LONGEST_DELAY_S = 4 * 3600.0
"""… but never longer than this."""
MAIL_HISTORY_S = 7 * 86400
"""The rows of sent mails, without their text, are kept this long; dead letters until somebody looks."""

# --- the bus
BUS_QUEUE_BYTES = 8 * 1024 * 1024
"""Published and not yet sent; above it the oldest go, for the bus carries nothing that is not elsewhere too."""
BUS_BATCH_MESSAGES = 256
"""Messages that are sent together."""
BUS_SILENCE_S = 2.0
"""A silent Redis is pinged after this long, and left after as long again."""
BUS_SUBSCRIBE_TIMEOUT_S = 2.0
"""`subscribe` waits this long for Redis; when it is away, the subscription begins with the next connection."""
BUS_RECONNECT_S = 1.0
"""Longest pause between tries to reach Redis."""

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
    )
}
"""By address block or user: calls that sign in, sign up, recover; joins; tries of a passcode; calls
that change and calls that read; upgrades to sockets."""
OWN_MACHINE_FACTOR = 20
"""A loopback address may do this many times more: behind it stand many, or the operator."""
