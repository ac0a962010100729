"""What every Random keeps to."""

import base64
import re

import pytest

from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.random import SystemRandom
from meetserver.ports import Random


@pytest.fixture(params=[SystemRandom, SeededRandom])
def random(request: pytest.FixtureRequest) -> Random:
    made: Random = request.param()
    return made


def test_an_id_is_20_characters_of_lower_case_base32(random: Random) -> None:
    assert all(re.fullmatch("[a-z2-7]{20}", random.id()) for _ in range(200))


def test_a_secret_is_256_bits_that_a_url_can_hold(random: Random) -> None:
    secrets = [random.secret() for _ in range(200)]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert all(len(base64.urlsafe_b64decode(secret + "=")) == 32 for secret in secrets)


def test_nothing_comes_twice(random: Random) -> None:
    assert len({random.id() for _ in range(2000)}) == 2000
    assert len({random.secret() for _ in range(2000)}) == 2000


def test_every_character_of_an_id_varies(random: Random) -> None:
    ids = [random.id() for _ in range(500)]
    assert all(len(set(column)) > 20 for column in zip(*ids, strict=True))


def test_chance_is_spread_between_its_bounds(random: Random) -> None:
    draws = [random.uniform(2.0, 4.0) for _ in range(500)]
    assert all(2.0 <= draw <= 4.0 for draw in draws)
    assert min(draws) < 2.5
    assert max(draws) > 3.5


def test_a_seed_says_all_that_comes() -> None:
    def draw(seed: int) -> tuple[str, str, float]:
        random = SeededRandom(seed)
        return random.id(), random.secret(), random.uniform(0, 1)

    assert draw(7) == draw(7)
    assert draw(7) != draw(8)
