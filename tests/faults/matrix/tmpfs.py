"""A disk of a fixed size, to be filled up."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def why_not() -> str:
    """Empty where such disks can be made."""
    return "" if os.geteuid() == 0 else "needs root, to mount a disk of a fixed size"


@contextlib.contextmanager
def tmpfs(size_bytes: int) -> Iterator[Path]:
    """A folder that holds no more than `size_bytes`."""
    with tempfile.TemporaryDirectory(prefix="meet-disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=755", "meet", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all that is left; removing it gives it back."""
    balloon = folder / "balloon"
    with contextlib.suppress(OSError), balloon.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return balloon
