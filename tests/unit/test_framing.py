import pytest

from meetserver.framing import text_frame


@pytest.mark.parametrize(
    ("payload_bytes", "header"),
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
    ],
)
def test_the_header_says_the_length(payload_bytes: int, header: str) -> None:
    payload = b"x" * payload_bytes
    assert text_frame(payload) == bytes.fromhex(header) + payload
