"""Recovery codes."""

import re

from meetserver import limits
from meetserver.accounts.recovery import code_hash, new_codes
from meetserver.adapters.memory.random import SeededRandom
from meetserver.ids import UserId

ANN, BEN = UserId("ann"), UserId("ben")


def test_codes_are_many_different_and_readable() -> None:
    codes = new_codes(SeededRandom())
    assert len(set(codes)) == limits.RECOVERY_CODES
    assert all(re.fullmatch("([a-z2-7]{4}-){6}[a-z2-7]{4}", code) for code in codes)


def test_however_it_is_typed_it_is_the_same_code() -> None:
    [code, *_] = new_codes(SeededRandom())
    hashed = code_hash(b"key", ANN, code)
    assert code_hash(b"key", ANN, f" {code.replace('-', '').upper()}\n") == hashed
    assert code_hash(b"key", ANN, code[:-1]) != hashed


def test_a_hash_is_of_no_use_for_another_account_or_under_another_key() -> None:
    [code, *_] = new_codes(SeededRandom())
    assert len({code_hash(b"key", ANN, code), code_hash(b"key", BEN, code), code_hash(b"other", ANN, code)}) == 3
