"""Every limit of the server, in one place. Units stand in the names; docs/limits.md is made from this file.

A limit that operators may change is a setting (config.py); these are the protocol's and the design's own.
"""

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
COMMAND_RATE_PER_S = 100
"""Sustained commands a second of one connection; above it `rate_limited`."""
COMMAND_BURST = 200
"""Commands that a silent connection may send at once."""
FLOOD_REFUSALS = 1000
"""Refused this many times in a row by the rate limit: closed (3508)."""

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
DATA_LANE_COMMANDS = 4096
"""Commands waiting in a room's mailbox; one more is `busy`."""
CONTROL_LANE_MESSAGES = 65_536
"""Attach, detach, results of commits and timers waiting in a room's mailbox."""
COMMIT_BATCH_ENTRIES = 256
"""Entries of one room in one commit."""
COMMIT_STATEMENT_ENTRIES = 1024
"""Entries of all rooms in one commit."""
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
COMMIT_TIMEOUT_S = 5.0
"""No answer to a commit for this long: its outcome is unknown."""

# --- chat
CHAT_TEXT_CHARS = 8000
CHAT_ADDRESSEES = 50
CHAT_PAGE_MESSAGES = 100
"""Messages in a snapshot's chat page, and at most in one page over HTTP."""
CHAT_FILES = 20
CIPHERTEXT_CHARS = 32_000

# --- whiteboard
BOARD_OPS = 200
"""Ops in one whiteboard.apply."""
BOARD_ELEMENT_BYTES = 32 * 1024
"""One element, encoded."""
BOARD_ELEMENTS = 50_000
"""Elements of one page."""
BOARD_PAGES = 50

# --- signaling
SDP_CHARS = 48_000
CANDIDATES = 64
CANDIDATE_CHARS = 2000

# --- names
NAME_CHARS = 80
STATUS_CHARS = 80
TITLE_CHARS = 200
DESCRIPTION_CHARS = 10_000
EMAIL_CHARS = 254

# --- HTTP
BODY_BYTES = 256 * 1024
"""Largest JSON body."""
PAGE_ITEMS = 100
"""Most items of one page of a list; `?limit=` above it is refused."""
PASSWORD_MIN_CHARS = 10
PASSWORD_MAX_CHARS = 1024
IDEMPOTENCY_KEY_CHARS = 128
IDEMPOTENCY_LIFE_S = 24 * 3600
TRANSACTION_ATTEMPTS = 10
"""Tries of a unit of work that meets deadlocks or serialization failures."""
