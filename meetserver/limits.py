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
KERNEL_QUEUE_BYTES = 64 * 1024
"""So many more may wait in the kernel of Linux, beside what is on its way."""
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
PERSON_RATE_PER_S = 200
"""Sustained commands a second of all connections of one account, or of one guest's browser, to one process; this and
the burst are times the setting rate_factor."""
PERSON_BURST = 400
"""Commands that all of these may send at once."""
PERSONS_REMEMBERED = 10_000
"""People who have just gone and whose bursts are remembered until they would be whole again: coming back earns none."""
FLOOD_REFUSALS = 1000
"""Refused this many times more often than passed by the rate limit: closed (3508)."""

# --- the room
RESUME_WINDOW_S = 120.0
"""A dropped socket keeps its session, role and place for this long."""
REATTACH_GRACE_S = 2.0
"""Whoever was connected when a room began anew, or an edge was lost, has this long to return before it is told."""
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
LOBBY_PEOPLE = 400
"""People waiting to be let in; one more is `room_full`."""
LOBBY_FROM_ONE_ADDRESS = 200
"""… and of them from one address, so that one place alone cannot fill the lobby."""
ROOM_BARS = 1000
"""Removals and bans that a room remembers: above it the oldest removal goes; bans stay until somebody lifts one."""
DISMISSED_SESSIONS = 1000
"""Sessions that a room remembers as turned away, so that those who come back are told why."""
ROSTER_MEMBERS = 2000
"""A snapshot with more participants than this has a link in their place."""
DATA_LANE_COMMANDS = 4096
"""Commands waiting in a room's mailbox, served session by session in turn; one more is `busy`."""
SENDER_COMMANDS = 128
"""Of them of one session, which may come back and send its 64 again; one more is `busy`, for it alone."""
CROWD_COMMANDS = 2048
"""… of all newcomers together, and of all services together."""
CONTROL_LANE_MESSAGES = 65_536
"""Attach, detach, results of commits and timers waiting in a room's mailbox."""
COMMIT_BATCH_ENTRIES = 256
"""Entries of one room in one commit."""
DECIDE_SLICE_S = 0.010
"""… decided within this time; the rest is the next commit's, and the loop has its turn."""
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
OPERATOR_TIMEOUT_S = 30.0
"""A server has this long to answer a command of `meetserver admin`."""
DRAIN_S = 20.0
"""At SIGTERM rooms have this long to finish; what then still runs is cut."""
COMMIT_TIMEOUT_S = 5.0
"""No answer to a commit for this long: its outcome is unknown."""
COMMIT_FAILED_S = 5.0
"""For so long after a commit that failed, and none that did not, a shard says that it is not ready."""

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

# --- doors
IP_RULES = 500
"""Rules about addresses for the whole server."""
MEETING_IP_RULES = 100
"""Rules about addresses of one meeting."""
IP_RULE_NOTE_CHARS = 200
"""Longest note beside such a rule."""
IP_RULES_REFRESH_S = 2.0
"""A server looks this often whether another process changed the rules about addresses."""
PASSCODE_CHARS = 200
"""Longest passcode of a meeting."""
INVITEES = 1000
"""People invited to one meeting."""
GUEST_LINKS = 200
"""Guest links of one meeting that were not taken back."""
GUEST_LINK_USES = 100_000
"""Most uses that a guest link can be limited to."""
VISITOR_LIFE_S = 365 * 86400
"""Life of the cookie that tells a guest's browser from others."""

# --- second factors
CHALLENGE_LIFE_S = 300.0
"""What was asked at sign-in, a second factor or a passkey, is to be answered within this time."""
CHALLENGE_ATTEMPTS = 5
"""Answers that are looked at for one such challenge; then signing in begins anew."""
TOTP_STEP_S = 30
"""A code of an authenticator app is new this often (RFC 6238)."""
TOTP_STEPS_OFF = 1
"""So many steps may the clock of the app be ahead or behind."""
RECOVERY_CODES = 10
"""Recovery codes that an account has at once."""
PASSKEYS = 20
"""Passkeys of one account."""
WEBAUTHN_FIELD_CHARS = 16_384
"""Longest field of what a browser answers for a passkey, as base64url."""

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
SEARCH_ENTRIES = 5000
"""Entries of a log, or accounts, that one search looks through; its `next` goes on from there."""
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

# --- single sign-on
OIDC_LIFE_S = 600.0
"""Who was sent to a provider to sign in must be back within this time."""
OIDC_NEXT_CHARS = 500
"""Longest path to go on to after having signed in."""
OIDC_CODE_CHARS = 2000
"""Longest code that a provider may send back."""
OIDC_ISSUER_CHARS = 400
"""Longest issuer: a provider's address."""
OIDC_TIMEOUT_S = 5.0
"""A provider that does not answer for this long is away."""
OIDC_RESPONSE_BYTES = 256 * 1024
"""Longest answer that is read from a provider."""
OIDC_METADATA_LIFE_S = 3600.0
"""A provider's metadata and keys are read anew after this long."""
OIDC_AGAIN_S = 10.0
"""A provider that was away, or did not have a key, is asked again after this long at the earliest."""
OIDC_KEYS = 64
"""Keys that are looked at in a provider's key set."""
OIDC_CLOCK_SKEW_S = 60.0
"""A provider's clock may be this far from ours."""
ERASE_ATTEMPTS = 20
"""Tries of an erasure, over about half a day; then an operator has to look."""
ERASED_TOGETHER = 500
"""Participants in one participant.erased: whoever came to a room oftener is told of with several."""
IDENTITIES = 20
"""Accounts at providers that one account may be linked to."""

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

# --- the cache (docs/caching.md)
CACHE_LOCAL_S = 0.8
"""A process answers from its own copy of what it has read for this long at most, whatever it was not told of."""
CACHE_LOCAL_BYTES = 8 * 1024 * 1024
"""Copies of each kind that one process keeps; one that takes more than a sixteenth of that is not kept."""
CACHE_MEMORY_BYTES = 32 * 1024 * 1024
"""Where there is no Redis, what processes would share is kept in memory, up to this; the same sixteenth holds."""
CACHE_TIMEOUT_S = 0.05
"""A Redis that does not answer for this long has nothing …"""
CACHE_AWAY_S = 1.0
"""… and is asked again after this long; so is a database that was away, where a stale copy does meanwhile."""
CACHE_LOAD_S = 5.0
"""What took longer to read is not kept."""
CACHE_FORGET_S = 10.0
"""What has changed is not shared again for this long, so that no slow reader puts back what it was."""
CACHE_UNTOLD_KEYS = 10_000
"""Changes that a Redis which is away is told of when it is back, and as long as it may have what they changed; above
it the oldest are not."""
MEETING_LIST_LIFE_S = 30.0
"""The first page of somebody's meetings is shared for this long, unless one of them changes."""
DOOR_STALE_S = 300.0
"""While the database is away, a door says what it said up to this long ago."""
OCCUPANCY_S = 2.0
"""A shard says this often how many people are in its rooms, for lists …"""
OCCUPANCY_LIFE_S = 5.0
"""… and is believed for this long."""

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
BUS_VISIT_PAUSE_S = 0.2
"""Longest pause after a lost node of a Redis Cluster, before another one is asked whose its slots are now."""
BUS_MOVES = 5
"""A message that so many nodes in a row have sent on to another is given up; a subscription is tried again later."""
REDIS_NODES = 1000
"""Nodes of a Redis Cluster that are remembered, also those that are away; above it the oldest go."""

# --- a process under pressure (docs/reliability.md says what is shed at each of the three levels)
PRESSURE_LOOK_S = 0.1
"""A process looks this often how it keeps up; what it is late by is its lag."""
PRESSURE_LAG_S = (0.1, 0.3, 1.0)
"""From these lags on it is under pressure, of level 1, 2 and 3."""
PRESSURE_UNSENT_BYTES = (64 * 1024 * 1024, 128 * 1024 * 1024, 256 * 1024 * 1024)
"""… and from so much on that its clients have not taken off it."""
PRESSURE_COMMIT_LAG_S = (0.5, 1.0, 3.0)
"""… and when the eldest commit has waited for the database this long, though calls and pointers do not mind that."""
PRESSURE_LOOKS_WORSE = 3
"""So many looks in a row must see more pressure before its level rises,"""
PRESSURE_LOOKS_BETTER = 10
"""… and so many must see less than half of what a level begins at before it falls, by one."""
SHED_RETRY_S = 2.0
"""What is refused under pressure may come again after this long."""
FULL_RETRY_S = 5.0
"""… and a newcomer who was refused because the server is full."""

# --- links between shards
LINK_SILENCE_S = 3.0
"""A shard that says nothing for this long cannot be reached: its edges' sessions are away, its rooms sought anew."""
LINK_EXCHANGE_S = 1.0
"""Two shards compare notes this often."""
LINK_ACK_S = 0.05
"""What came over a link is acknowledged after this long, unless something goes the other way before."""
LINK_RESEND_S = 0.3
"""What is not acknowledged for this long is sent again."""
LINK_WINDOW_BYTES = 4 * 1024 * 1024
"""Sent over one link and not acknowledged; the rest waits."""
LINK_BUFFER_BYTES = 64 * 1024 * 1024
"""Waiting for one link, or not acknowledged; above it the link begins anew and both sides compare what they have."""
LINK_PACKET_BYTES = 256 * 1024
"""About as much goes into one message of the bus."""
LINK_EXCHANGE_ROOMS = 500
"""Rooms in one exchange; with more of them they take turns."""
HANDOVERS_AT_ONCE = 3
"""Rooms that one shard hands over at the same time."""
EPOCHS_CHECK_S = 5.0
"""How often a shard looks whether the rooms that it runs are still its own."""
SEEK_PAUSE_S = 0.2
"""Between two tries to find, or to reach, the owner of a room."""

# --- tries of a password, a code, a link
FREE_ATTEMPTS = 5
"""Wrong tries at one account from one place; with the last of them the delays begin."""
FREE_ATTEMPTS_ELSEWHERE = 20
"""… and from all places together where nobody has signed in to it before."""
FIRST_DELAY_S = 1.0
"""The first of these delays; each further one is twice as long."""
LONGEST_DELAY_S = 900.0
"""… but never longer than this."""
ATTEMPTS_LIFE_S = 86400.0
"""Without a further try for this long, the earlier ones are forgotten."""
KNOWN_PLACES = 20
"""Places of an account that are remembered: where somebody signed in to it last."""

# --- the security log
SECURITY_QUEUE = 4096
"""Security events of one process that wait to be written; one more is `busy`."""
SECURITY_BATCH = 256
"""Security events in one statement."""
SECURITY_ATTEMPTS = 50
"""Tries to link such a batch to the end of the log, while other processes are quicker."""
SECURITY_TEXT_CHARS = 400
"""Kept of a text in a security event."""

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
LIMITER_KEYS = 50_000
"""Keys that one process counts for in memory; above that, those used longest ago are forgotten."""
LIMITER_TIMEOUT_S = 0.25
"""Redis has this long to count; then memory does."""
LIMITER_AWAY_S = 1.0
"""A Redis that did not answer is asked again after this long."""
OWN_MACHINE_FACTOR = 20
"""A loopback address may do this many times more: behind it stand many, or the operator."""
FILE_PART_BYTES = 8 * 1024 * 1024
"""A file is stored in parts of at most so many bytes, each sealed and written whole."""
OBJECT_PART_BYTES = 9 * 1024 * 1024
"""A blob of at most so many bytes goes to an object store with one request, a larger one in parts of so many: what one
upload there needs of memory."""
OBJECT_STORE_CONNECT_S = 3.0
"""An object store that takes no connection for this long is away."""
OBJECT_STORE_SILENCE_S = 20.0
"""So is one that does not answer for this long, which is all that writing such a part may take."""
OBJECT_STORE_TRIES = 3
"""A request to an object store that failed is made so often."""
FILE_HEAD_BYTES = 64 * 1024
"""Of a file's beginning, and of its end, looked at to see what it is."""
IMAGE_BYTES = 32 * 1024 * 1024
"""Largest PNG, JPEG, GIF or WebP, before and after it is made anew."""
IMAGE_PIXELS = 50_000_000
"""Of one image, or of all frames of an animation together."""
IMAGE_SIDE_PX = 16_383
"""Longest side of an image: WebP's, and more than browsers draw."""
IMAGE_FRAMES = 1000
"""Of an animation."""
THUMBNAIL_PX = (256, 1024)
"""Longest sides of an image's thumbnails."""
IMAGE_MEMORY_BYTES = 1024 * 1024 * 1024
"""Address space of the process that makes one image anew."""
IMAGE_CPU_S = 30
"""CPU time that it may take,"""
IMAGE_TIMEOUT_S = 90.0
"""… and how long it may be at it."""
IMAGES_AT_ONCE = 2
"""Images that one server makes anew at the same time,"""
IMAGES_WAITING = 16
"""… and how many may wait; one more is `busy`."""
SCANS_AT_ONCE = 4
"""Files that one server has scanned at the same time; clamd serves 10 as it comes."""
SCAN_CONNECT_S = 5.0
"""clamd must answer a call within this time,"""
SCAN_SILENCE_S = 30.0
"""… take the next bytes within this,"""
SCAN_TIMEOUT_S = 150.0
"""… and say what it found within this, after the last one. It gives up itself after 120 s (MaxScanTime)."""
FILES_PER_MEETING = 10_000
"""Of one meeting."""
FILE_NAME_BYTES = 200
"""Of a file's shown name, in UTF-8."""
FORM_FIELDS = 8
"""Fields of a form with a file."""
FILE_IDLE_S = 30.0
"""An upload from which nothing comes for so long is broken off; a download that takes nothing, too."""
UPLOAD_LIFE_S = 24 * 3600.0
"""An upload to which nothing was added for so long is given up."""
UPLOADS_PER_USER = 20
"""Uploads of one person that are under way."""
DIRECT_UPLOAD_BYTES = 5 * 1024**3
"""Largest file that is put into the object store directly: what S3 takes with one request."""
DIRECT_UPLOAD_LIFE_S = 3600.0
"""A presigned URL to put a file to is good for so long; so long is said why one was refused."""
DIRECT_INTAKES = 4
"""Files that were put there and are taken in at the same time, by one server for all,"""
DIRECT_LOOK_S = 2.0
"""… which looks so often for more of them while it does that,"""
DIRECT_RETRY_S = 60.0
"""… and after so long tries again what did not work."""
DIRECT_DOWNLOAD_LIFE_S = 900.0
"""A presigned URL of a sealed part is good for so long."""
DIRECT_PARTS = 100
"""Of them in one answer."""
FILE_LINK_LIFE_S = 3600.0
"""A link to a file's bytes is good for so long."""
SCAN_HELD_S = 60.0
"""How often the virus scanner is asked again about files that it could not look at."""
FILE_SWEEP_S = 600.0
"""How often files that were deleted, and uploads that were given up, are looked for."""
SWEEP_ROWS = 200
"""Of them in one statement."""
FILES_COUNTED = 1000
"""Uploads under way, files that are held back, and deleted ones, are counted up to so many for operators."""
LARGEST_SHOWN = 20
"""Accounts, and meetings, with the most files, as operators see them."""
USAGE_SLOTS = 16
"""Counters of each kind of file, among which owners are divided."""
FILE_ORPHANS_S = 24 * 3600.0
"""How often all of the store is looked through for blobs that nobody knows."""
FILE_DELETED_S = 24 * 3600.0
"""A deleted file's bytes stay in the store for so long."""
