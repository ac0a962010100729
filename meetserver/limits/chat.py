"""Chat, and the keys of encrypted chat."""

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
"""Files of one message."""
CIPHERTEXT_CHARS = 44_000
"""Longest encrypted message: room for the longest text in any script."""
E2EE_MEMBERS = 100
"""People who can take part in one end-to-end encrypted chat at the same time."""
E2EE_SHARES = 200
"""Keys of such a chat that a room has at hand for those whose pages are loaded again; of who has
shared the most the oldest go first."""
CHAT_MENTIONS = 50
"""People that one message mentions, at most."""
CHAT_EMOJI_CHARS = 16
"""Code points of one emoji: the longest are families and flags."""
CHAT_REACTION_KINDS = 20
"""Different emoji on one message."""
CHAT_REACTIONS = 500
"""All reactions to one message."""
CHAT_CHANGES = 1000
"""A message that was changed so often (edits, reactions, pins) takes back and deletions only: what was said about it is
read together."""
RECALLS_WAITING = 256
"""Commands of one room about messages that are read from its log first, and as many messages with files that are looked
up first; one more is `busy`."""
RECALLS_AT_ONCE = 8
"""Such messages that are read, or whose files are looked up, together,"""
RECALLS_KEPT = 256
"""… and those that the room keeps at hand then."""
EMPTYING_WAITING = 1000
"""Deleted messages whose texts wait to be taken out of the log; those above it the next sweep finds."""
DELETED_SWEEP_S = 600.0
"""How often deleted messages are looked for that still say something in the log, or in a snapshot,"""
DELETED_LOOK_BACK_S = 30 * 86400.0
"""… among those deleted in this time."""
MARKS_GATHER_S = 0.25
"""Read marks wait this long for others before they are stored and told of together,"""
MARKS_PAUSE_S = 1.0
"""… and this long after the ones before."""
MARKS_KEPT = 10_000
"""Read marks that a room has at hand: above it those who read least far are forgotten."""
MARKS_TOLD_MEMBERS = 200
"""In a room with more members nobody is told of others' marks; they are stored, and in snapshots."""
GUESTS_SWEEP_S = 86_400.0
"""How often marks of guests who are gone are looked for."""
SEARCH_WORD_CHARS = 64
"""Of a longer word in a message the rest is not looked for: an index holds no long keys."""
SEARCH_HIGHLIGHTS = 50
"""Places that are marked in one message that was found."""
INDEX_STRETCH = 1000
"""Entries of a log that are looked through for messages together, and written into the index in one transaction."""
INDEX_GATHER_S = 0.3
"""What is said waits this long for more before it goes into the index."""
INDEX_WAITING = 10_000
"""Rooms that wait for that; those above it the next sweep finds."""
INDEX_SWEEP_S = 600.0
"""How often rooms are looked for of which the index has not all,"""
INDEX_ROOMS = 100
"""… so many with each statement."""
CHAT_PINNED = 10
"""Pinned messages of one room."""
CHAT_PINNED_BYTES = 256 * 1024
"""Of them in a snapshot; those above it, the oldest, stand there without what they say."""
CHAT_GONE_PEOPLE = 2000
"""Signed-in participants who have left and can still be written to; above it those who left first cannot."""
CHAT_GONE_OF_ONE = 20
"""… and of them of one account, which has left so often."""
CHAT_SLOW_S = 3600
"""Longest pause between two messages of one person that a meeting can ask for."""
CHAT_SLOW_PEOPLE = 10_000
"""People whose last message is remembered for that; above it those are forgotten who have waited longest."""
