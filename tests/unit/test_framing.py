import pytest

from meetserver.framing import close_frame, text_frame


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


def test_a_close_holds_code_and_reason() -> None:
    assert close_frame(3508, "rate_limited") == bytes((0x88, 14)) + bytes((0x0D, 0xB4)) + b"rate_limited"
