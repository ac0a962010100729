"""What a shard is to the process that keeps it, and no more. Tests run it: small_shard.py FOLDER --listen-fd N …"""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path


def main() -> None:
    folder, listen_fd, parent_fd = Path(sys.argv[1]), int(sys.argv[3]), int(sys.argv[5])
    name = os.environ["MEET_SHARD_ID"]
    how_path = folder / f"{name}.how"
    how = how_path.read_text() if how_path.exists() else ""

    def say(what: str) -> None:
        said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(said, f"{name} {os.getpid()} {what}\n".encode())
        os.close(said)

    def drain(*_: object) -> None:
        say("draining")
        # As long as the others need to hear of it too: those that are told together drain together.
        time.sleep(0.3)
        say("gone")
        os._exit(0)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if how == "deaf" else drain)
    if how == "fail":
        say("fail")
        sys.exit(7)
    listening, parent = socket.socket(fileno=listen_fd), socket.socket(fileno=parent_fd)

    say(how if how == "never ready" else "ready")
    if how != "never ready":
        parent.sendall(b"1")
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        selector.register(parent, selectors.EVENT_READ)
        while True:
            # Not for ever: a signal that comes just before the wait does not end it.
            for key, _ in selector.select(0.05):
                if key.fileobj is parent:
                    return  # it has ended
                with contextlib.suppress(BlockingIOError), listening.accept()[0] as connection:
                    connection.sendall(name.encode())


if __name__ == "__main__":
    main()
