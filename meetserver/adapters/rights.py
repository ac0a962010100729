"""What a worker process gives up before it looks at anything: memory, time, opening and writing files, starting
processes. Imports nothing else of the server, so that workers start quickly."""

import os
import resource
from typing import Final

NICE: Final = 10
"""Rooms come first."""


def give_up_rights(memory_bytes: int, cpu_s: int) -> None:
    os.nice(NICE)
    # SIGXCPU ends it, which says why; at the hard limit SIGKILL would.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))
