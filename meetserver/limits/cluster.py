"""The cache, the bus, a process under pressure, and links between shards."""

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
DRAIN_SESSIONS_PER_S = 100
"""Sockets that a shard which drains closes in a second, so that those who come back do not come all at once; …"""
DRAIN_SPREAD_S = 15.0
"""… it takes no longer than this, however many there are."""
DRAIN_BACK_AT_ONCE_MS = 50
"""Who is sent away by it may be back after this long where other shards are; …"""
DRAIN_BACK_LATER_MS = 1000
"""… else when this one may have started anew."""
EPOCHS_CHECK_S = 5.0
"""How often a shard looks whether the rooms that it runs are still its own."""
SEEK_PAUSE_S = 0.2
"""Between two tries to find, or to reach, the owner of a room."""
