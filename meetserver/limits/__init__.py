"""Every limit of the server, a module a subject. Units stand in the names; docs/limits.md is made from them.

A limit that operators may change is a setting (config.py); these are the protocol's and the design's own.
"""

from meetserver.limits.accounts import *  # noqa: F403
from meetserver.limits.chat import *  # noqa: F403
from meetserver.limits.cluster import *  # noqa: F403
from meetserver.limits.files import *  # noqa: F403
from meetserver.limits.http import *  # noqa: F403
from meetserver.limits.jobs import *  # noqa: F403
from meetserver.limits.rates import *  # noqa: F403
from meetserver.limits.rooms import *  # noqa: F403
from meetserver.limits.whiteboard import *  # noqa: F403
