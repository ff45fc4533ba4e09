"""Plain text frames are read and written as the websocket library does it, and all others are told apart from them."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from ocppdiag_gateway import plain

LENGTHS = st.sampled_from([0, 1, 124, 125, 126, 127, 1000, 65_535, 65_536])


def parsed(data: bytes, *, mask: bool) -> Frame:
    reader = StreamReader()
    reader.feed_data(data)
    parser = Frame.parse(reader.read_exact, mask=mask)
    try:
        next(parser)
    except StopIteration as end:
        assert not reader.buffer
        frame: Frame = end.value
        return frame
    raise AssertionError("more is wanted")


@given(
    length=LENGTHS,
    letter=st.integers(0, 255),
    kind=st.sampled_from(Opcode),
    fin=st.booleans(),
    rsv1=st.booleans(),
    mask=st.booleans(),
)
def test_what_is_plain_is_told_from_all_else_and_read_like_by_the_library(
    *,
    length: int,
    letter: int,
    kind: Opcode,
    fin: bool,
    rsv1: bool,
    mask: bool,
) -> None:
    control = kind in (Opcode.PING, Opcode.PONG, Opcode.CLOSE)
    frame = Frame(kind, bytes([letter]) * (min(length, 125) if control else length), fin or control)
    data = frame.serialize(mask=mask)
    data = bytes([data[0] | 0x40 * rsv1]) + data[1:]
    assert plain.size_of(data, 0) == len(data)
    assert plain.is_plain(data) == (kind is Opcode.TEXT and fin and mask and not rsv1)
    if plain.is_plain(data):
        assert plain.read(data) == frame.data == parsed(data, mask=True).data


@given(length=LENGTHS, mask=st.booleans(), before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_how_long_a_frame_is_is_known_with_its_head_and_not_before(
    *,
    length: int,
    mask: bool,
    before: bytes,
    after: bytes,
) -> None:
    frame = Frame(Opcode.TEXT, bytes(length)).serialize(mask=mask)
    head = len(frame) - length - 4 * mask
    for come in range(head):
        assert plain.size_of(before + frame[:come], len(before)) == 0
    for come in range(head, min(len(frame), head + 6)):
        assert plain.size_of(before + frame[:come], len(before)) == len(frame)
    assert plain.size_of(before + frame + after, len(before)) == len(frame)


def test_a_length_may_be_written_longer_than_it_has_to_be() -> None:
    mask = b"\1\2\3\4"
    for head in (b"\x81\xfe\0\1", b"\x81\xff\0\0\0\0\0\0\0\1"):
        data = head + mask + bytes([ord("a") ^ 1])
        assert plain.size_of(data, 0) == len(data)
        assert plain.read(data) == b"a" == parsed(data, mask=True).data


@given(st.binary(max_size=plain.SHORT))
def test_what_is_written_is_what_the_library_writes(text: bytes) -> None:
    assert plain.write(text) == Frame(Opcode.TEXT, text).serialize(mask=False)
