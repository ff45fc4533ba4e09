"""Texts in one websocket frame each, masked by a station and not compressed: told from others, read, written. Pure.

Almost all that stations say and hear is such a text, and to read and write it here costs a fifth of what a parser for
all of RFC 6455 does.
"""

try:
    from websockets.speedups import apply_mask
except ImportError:  # where the library was built without its C
    from websockets.utils import apply_mask

TEXT = 0x81
"""How such a frame begins: a text, the whole of it, and no extension has a bit set (RFC 6455, 5.2)."""

_MASKED = 0x80
_MASK = 4
_LENGTH = 0x7F
_IN_TWO_BYTES, _IN_EIGHT_BYTES = 126, 127

SHORT = _IN_TWO_BYTES - 1
"""The most bytes whose number has room in the second byte of a frame."""


def size_of(data: bytes, at: int) -> int:
    """Return how many bytes the frame has that begins there, of whatever kind it is; 0 where that is yet to come."""
    begun = len(data) - at
    if begun < 2:  # noqa: PLR2004
        return 0
    length, head = data[at + 1] & _LENGTH, 2
    if length >= _IN_TWO_BYTES:
        head = 4 if length == _IN_TWO_BYTES else 10
        if begun < head:
            return 0
        length = int.from_bytes(data[at + 2 : at + head])
    return head + (_MASK if data[at + 1] & _MASKED else 0) + length


def is_plain(frame: bytes) -> bool:
    """Tell of a whole frame whether it is such a text, as a client has to send it."""
    return frame[0] == TEXT and frame[1] >= _MASKED


def read(frame: bytes) -> bytes:
    """Take the text out of a whole frame for which `is_plain` holds."""
    length = frame[1] & _LENGTH
    begin = 2 + _MASK if length <= SHORT else (4 if length == _IN_TWO_BYTES else 10) + _MASK
    return apply_mask(frame[begin:], frame[begin - _MASK : begin])


def write(text: bytes) -> bytes:
    """Put a text of at most SHORT bytes into a frame, as a server sends it."""
    return bytes((TEXT, len(text))) + text
