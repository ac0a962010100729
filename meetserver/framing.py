"""Unmasked WebSocket text frames, made once per broadcast and written to each transport (RFC 6455, section 5.2)."""

_FIN_TEXT = 0x81


def text_frame(payload: bytes) -> bytes:
    """One whole, final, unmasked text frame around `payload`."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN_TEXT, length)) + payload
    if length < 1 << 16:
        return bytes((_FIN_TEXT, 126)) + length.to_bytes(2, "big") + payload
    return bytes((_FIN_TEXT, 127)) + length.to_bytes(8, "big") + payload
