"""The vectors in the documentation, made by the reference of the tests: `python -m tests.unit.e2ee.test_vectors`."""

import json
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidTag

from meetserver import limits
from meetserver.chat.messages import Send
from tests.e2ee import (
    CHUNK_BYTES,
    TAG_BYTES,
    Member,
    bytes_of,
    context,
    identity_from,
    open_file,
    padded_size,
    public_text,
    safety_code,
    seal,
    seal_file,
    text_of,
    unseal,
    unwrap,
    wrap,
)

VECTORS = Path(__file__).parents[3] / "docs" / "e2ee-vectors.json"
ROOM = "room-7Kq"
SCALARS = {"p-ada": 0xA11CE << 200 | 7, "p-grace": 0xB0B << 180 | 11, "p-cy": 0xC0FFEE << 160 | 13}
NAMES = {"p-ada": "Ada Lovelace", "p-grace": "Grace Höpper", "p-cy": "城 🙂"}
KEY = bytes(range(32))
KEY_ID = text_of(bytes(range(100, 116)))
NONCES = {"p-ada": bytes(range(12)), "p-grace": bytes(range(12, 24)), "p-cy": bytes(range(24, 36))}
MESSAGES: list[tuple[int, dict[str, Any], str, str]] = [
    (0, {"text": "Hello, Grace."}, "send", ""),
    (1, {"text": 'Grüße 🙂 – "quoted"\nand a second line'}, "send", "118-k3f9x2ab"),
    (2, {"text": "x" * 64}, "send", ""),
    (2**40, {"text": "mended"}, "edit", "118-k3f9x2ab"),
]
FILE_KEY = bytes(range(200, 232))
FILES = ((b"", 0), (b"The plans.\n", 1), (b"0123456789abcdef", 65_537))
"""What is repeated, and how often: nothing, little, and more than one chunk."""

SIZES = (0, 1, 256, 257, 1_500, 65_535, 1_048_576, 1_048_577, 20_000_000, 536_870_911)


def members() -> dict[str, Member]:
    return {who: Member(who, NAMES[who], public_text(identity_from(scalar))) for who, scalar in SCALARS.items()}


def made() -> dict[str, Any]:
    everybody = members()
    ada = everybody["p-ada"]
    return {
        "context": [{"parts": parts, "bytes": text_of(context(*parts))} for parts in (["a", "", "ü"], ["a", "ü"])],
        "room": ROOM,
        "members": [
            {**one._asdict(), "private_scalar": text_of(SCALARS[one.participant].to_bytes(32))}
            for one in everybody.values()
        ],
        "sender": {"participant": "p-ada", "key_id": KEY_ID, "key": text_of(KEY)},
        "wrapped": {
            who: {
                "nonce": text_of(NONCES[who]),
                "wrapped": wrap(identity_from(SCALARS["p-ada"]), ROOM, ada, one, KEY_ID, KEY, NONCES[who]),
            }
            for who, one in everybody.items()
        },
        "messages": [
            {
                "counter": counter,
                "content": content,
                "kind": kind,
                "about": about,
                "ciphertext": seal(KEY, ROOM, "p-ada", KEY_ID, counter, content, kind, about),
            }
            for counter, content, kind, about in MESSAGES
        ],
        "files": [
            {
                "key": text_of(FILE_KEY),
                "repeated": text.decode(),
                "times": times,
                "sealed_sha256": _digest(text * times),
            }
            for text, times in FILES
        ],
        "padded_sizes": [{"size": size, "padded": padded_size(size)} for size in SIZES],
        "safety_codes": [
            {"participants": some, "code": safety_code(ROOM, [everybody[who] for who in some])}
            for some in (["p-ada"], ["p-ada", "p-grace"], ["p-cy", "p-grace", "p-ada"])
        ],
    }


def _digest(content: bytes) -> str:
    return sha256(seal_file(FILE_KEY, ROOM, content)).hexdigest()


def written() -> Any:
    return json.loads(VECTORS.read_text())


def test_a_size_says_little_and_costs_little() -> None:
    for size in (257, 1_000, 65_537, 10**6, 10**9):
        assert size <= padded_size(size) <= size * 17 // 16
        assert padded_size(padded_size(size)) == padded_size(size)
    assert len({padded_size(size) for size in range(1, 1_000_000, 7)}) < 300


def test_the_page_has_what_the_reference_makes() -> None:
    assert written() == made()


def test_each_member_reads_what_was_shared_with_them_and_nobody_elses() -> None:
    everybody, vectors = members(), written()
    for who, one in everybody.items():
        own = identity_from(SCALARS[who])
        for other, told in vectors["wrapped"].items():
            if who == other:
                assert unwrap(own, ROOM, everybody["p-ada"], one, KEY_ID, told["wrapped"]) == KEY
            else:
                with pytest.raises(InvalidTag):
                    unwrap(own, ROOM, everybody["p-ada"], one, KEY_ID, told["wrapped"])


@pytest.mark.parametrize("change", ["room", "sender", "key_id", "counter", "kind", "about", "byte"])
def test_a_message_is_bound_to_its_place(change: str) -> None:
    one = written()["messages"][1]
    place = {"room": ROOM, "sender": "p-ada", "key_id": KEY_ID, "kind": one["kind"], "about": one["about"]}
    sealed = bytearray(bytes_of(one["ciphertext"]))
    assert unseal(KEY, sealed=one["ciphertext"], **place) == one["content"]

    if change in place:
        place[change] += "x"
    else:
        sealed[7 if change == "counter" else -1] ^= 1
    with pytest.raises(InvalidTag):
        unseal(KEY, sealed=text_of(bytes(sealed)), **place)


def test_a_file_is_opened_whole_and_in_its_order_only() -> None:
    content = b"0123456789abcdef" * 150_000
    sealed = seal_file(FILE_KEY, ROOM, content)
    assert open_file(FILE_KEY, ROOM, sealed) == content
    chunk = CHUNK_BYTES + TAG_BYTES
    swapped = sealed[chunk : 2 * chunk] + sealed[:chunk] + sealed[2 * chunk :]
    for other, room in ((sealed[: 2 * chunk], ROOM), (sealed[:-1], ROOM), (swapped, ROOM), (sealed, "another")):
        with pytest.raises(InvalidTag):
            open_file(FILE_KEY, room, other)


def test_lengths_tell_of_sixty_four_bytes_at_a_time() -> None:
    lengths = {len(seal(KEY, ROOM, "p-ada", KEY_ID, 0, {"text": "x" * count}, "send", "")) for count in range(1, 54)}
    assert len(lengths) == 1


def test_the_longest_text_fits_a_message_and_a_frame() -> None:
    longest = "\N{GRINNING FACE}" * limits.CHAT_TEXT_CHARS
    sealed = seal(KEY, ROOM, "p-ada", KEY_ID, 0, {"text": longest}, "send", "")

    msgspec.convert({"ciphertext": sealed, "key_id": KEY_ID}, Send)
    assert limits.CIPHERTEXT_CHARS < limits.FRAME_BYTES - 8000
    for chars, is_fine in ((limits.CIPHERTEXT_CHARS, True), (limits.CIPHERTEXT_CHARS + 1, False)):
        with nullcontext() if is_fine else pytest.raises(msgspec.ValidationError):
            msgspec.convert({"ciphertext": "c" * chars, "key_id": KEY_ID}, Send)


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(made(), ensure_ascii=False, indent=2) + "\n")
