"""Connections and HTTP."""

# --- connections
HEAD_S = 10.0
"""A new connection has this long for its first request's head (TLS and a PROXY header before it included), and a
later request's head for this long from its first byte on."""
KEEP_ALIVE_S = 75.0
"""A connection without a request is closed after this long."""
HEAD_LINE_BYTES = 8190
"""Longest request line, and longest header."""
HEAD_LINES = 100
"""Headers of one request."""
BODY_S = 30.0
"""A request's body has this long to come, all of its at most BODY_BYTES."""
LINGER_S = 5.0
"""After an answer that did not wait for the whole body, this much longer of it is read, so that the answer arrives."""
ANSWER_READ_S = 30.0
"""A client that leaves an answer unread is looked at this often …"""
ANSWER_BYTES_PER_S = 1024
"""… and cut when it has read less than this meanwhile."""
PROXY_HEADER_BYTES = 2048
"""Longest PROXY header (version 2) behind its first 16 bytes."""
ACCEPT_PAUSE_S = 0.5
"""When the machine has no more files or memory for connections, the next one is taken after this long."""
REFUSALS_REPORT_S = 10.0
"""A line in the log says at most this often how many connections were turned away."""
WAITING_SOCKETS = 2000
"""Open sockets that have not said hello; with one more, the one that has waited longest is cut."""
WAITING_SOCKETS_PER_ADDRESS = 50
"""Of them from one address (IPv6: one /64); one more is `rate_limited`."""
CERTIFICATE_LOOK_S = 5.0
"""A server looks this often whether its certificate has changed."""

# --- HTTP
BODY_BYTES = 256 * 1024
"""Largest JSON body."""
PAGE_ITEMS = 100
"""Most items of one page of a list; `?limit=` above it is refused."""
PAGE_USUAL_ITEMS = 50
"""Items of one page where no `?limit=` says otherwise."""
PASSWORD_MIN_CHARS = 10
"""Shortest password of a new account."""
PASSWORD_MAX_CHARS = 1024
"""Longest password."""
PASSWORD_ADORNMENT_CHARS = 6
"""A common word with up to this many digits and signs around it is as common."""
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
ABOUT_ENTRIES = 5000
"""Entries about messages (edits, reactions …) that one statement reads: more than one message can have."""
SEARCH_ENTRIES = 5000
"""Entries of a log, or accounts, that one search looks through; its `next` goes on from there."""
EVENT_TYPES = 8
"""Types of events that one page of `GET …/events` is asked for."""
EXPORTS_OF_ONE = 2
"""Chats that one person exports at the same time; one more is `rate_limited`."""
EXPORTS_AT_ONCE = 32
"""… and all people of one process; one more is `busy`."""
EXPORT_QUOTED = 1000
"""In an exported chat a message shows which of so many before it it answers."""
UNREAD_MESSAGES = 100
"""So many messages after the last one that somebody has read, the newest, are looked at to count the unread ones."""
PASSWORD_CHECKS_WAITING = 256
"""Password hashes waiting for a core; one more is `busy`."""
REFRESH_GRACE_S = 10.0
"""The refresh token before the current one may be repeated for this long, and gets the same successor."""
SESSION_TOUCH_S = 3600.0
"""The last use of a cookie session or a personal token is written down at most this often."""
SESSION_LONGEST_S = 90 * 86400
"""A session ends this long after its sign-in, however much it is used."""
CONFIRM_LIFE_S = 600.0
"""Who has shown who they are may do what needs that for this long (POST /auth/confirm begins it anew)."""
SESSION_WATCH_S = 2.0
"""A server looks this often whether the accounts' sessions behind its sockets still stand."""
SESSIONS_PER_LOOK = 500
"""Of them in one query."""
PERSONAL_TOKENS = 50
"""Personal access tokens of one account."""
PERSONAL_TOKEN_DAYS = 365
"""Longest life of a personal access token."""
CLOCK_SKEW_S = 60.0
"""A token from a process whose clock is this far ahead is still believed."""
SIGNING_KEYS_REFRESH_S = 2.0
"""A server looks this often which keys sign and verify access tokens: a revoked one verifies no longer than this."""
KEY_MISS_S = 1.0
"""Tokens signed with keys that are not known here have the keys looked for at most this often."""
VERIFY_LIFE_S = 48 * 3600
"""Life of the link in a verification mail."""
RESET_LIFE_S = 3600
"""Life of the link in a mail that lets somebody set a new password."""
INVITE_LIFE_S = 7 * 24 * 3600
"""Life of the link in an invitation to have an account."""
EMAIL_CHANGE_LIFE_S = 24 * 3600
"""Life of the two links, one to the old and one to the new address, that change an account's address."""
LINK_AGAIN_S = 60.0
"""Another mail with a link of the same kind goes to the same account after this long at the earliest."""
TIMEZONE_CHARS = 64
"""Longest name of a time zone."""
MEETING_MINUTES = 7 * 24 * 60
"""Longest meeting."""
TRANSACTION_ATTEMPTS = 10
"""Tries of a unit of work that meets deadlocks or serialization failures."""
STATEMENT_TIMEOUT_S = 10.0
"""PostgreSQL ends a statement that runs longer; who asked for it gets `unavailable`."""
ROWS_SWEPT = 5000
"""Rows that have run out (sessions, answers, sent mails, done jobs …) which one statement deletes."""
DATABASE_WAIT_S = 5.0
"""Who waits this long for a connection to the database, or on SQLite for their turn to write, gets `unavailable`."""
DATABASE_WAITING = 500
"""Reads and units of work that wait for the database or are under way: with so many of them a further call of the API
gets `unavailable` at once."""
