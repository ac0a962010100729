"""What the domains need from outside, as protocols. Each has an in-memory twin in adapters/memory and a suite
in tests/contract that both pass.
"""

from meetserver.ports.blobs import *  # noqa: F403
from meetserver.ports.cache import *  # noqa: F403
from meetserver.ports.callers import *  # noqa: F403
from meetserver.ports.chat_files import *  # noqa: F403
from meetserver.ports.log_expiry import *  # noqa: F403
from meetserver.ports.message_index import *  # noqa: F403
from meetserver.ports.room_log import *  # noqa: F403
from meetserver.ports.rooms import *  # noqa: F403
from meetserver.ports.shards import *  # noqa: F403
from meetserver.ports.world import *  # noqa: F403
