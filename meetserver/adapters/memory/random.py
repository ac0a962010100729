"""Chance that can be had again: the same seed, the same ids."""

import base64
import random

from meetserver.adapters.random import ID_BYTES, base32_id


class SeededRandom:
    def __init__(self, seed: int | str = 0) -> None:
        self._random = random.Random(seed)

    def id(self) -> str:
        return base32_id(self._random.randbytes(ID_BYTES))

    def secret(self) -> str:
        return base64.urlsafe_b64encode(self._random.randbytes(32)).decode().rstrip("=")

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)
