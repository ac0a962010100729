"""The socket, rooms, calls, names and doors."""

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
LOADED_EVENTS = 200
"""Frames of its log that a room has at hand when it was just loaded, for those who come back …"""
LOADED_EVENTS_AGE_S = 10.0
"""… and all that an edge would keep, where the oldest of these is younger: many wait then, and the room was busy."""
LOG_PAGE_EVENTS = 500
"""Entries that one read of the log brings."""
ROOM_IDLE_S = 60.0
"""A room without anybody is put to sleep after this long."""
RETENTION_DAYS = 3650
"""Longest time for which a meeting can say that what happens is kept; without saying so it is kept for good."""
RETENTION_SWEEP_S = 3600.0
"""How often what is not kept any longer is looked for."""
RETENTION_ROOMS = 50
"""Rooms whose logs' beginnings are looked at together for that."""
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
TURN_S = 0.005
"""What takes long and need not be done at once (a large board is stored, loaded, sent) lets the loop have its turn
after this long."""
SNAPSHOT_ENTRIES = 2000
"""A room's snapshot is renewed after so many entries at the latest: who loads the room has not much more to read."""
HANDOVER_ENTRIES = 200
"""A room that is handed over stores a snapshot first if it has more entries since the last one."""
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
