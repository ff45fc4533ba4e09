"""permessage-deflate at the gateway's end of a connection: negotiated as it should be, and bounded whatever is in it."""

import asyncio
import json
import resource
import zlib

import pytest
from line_ends import LARGEST, ends, until
from wrong_frames import CONT, TEXT, frame


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return (packer.compress(content) + packer.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


@pytest.mark.abuse(
    "14 a chunk of 240 bombs of 1 MiB each", "as much is inflated as is handled; the rest waits"
)
async def test_a_chunk_full_of_bombs_is_inflated_one_by_one() -> None:
    bomb = frame(TEXT, deflated(b"x" * (LARGEST - 10)), rsv1=True)
    async with ends("permessage-deflate") as both:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        both.station.write(bomb * 240)
        await until(lambda: bool(both.heard))
        most = 0
        while len(both.heard) < 240:
            most = max(most, len(both.server.recv_messages.frames))
            both.heard[:-1] = [""] * (len(both.heard) - 1)  # they are ours to keep, not the server's
            await asyncio.sleep(0)
        assert most <= 6
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80 * 1024, "KiB"


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.abuse(
    "14 a bomb of more than 1 MiB", "inflated as far as 1 MiB and no further; closed with 1009"
)
async def test_a_bomb_is_inflated_up_to_the_limit_and_no_further(extra: int) -> None:
    async with ends("permessage-deflate") as both:
        both.station.write(frame(TEXT, deflated(b"x" * (LARGEST + extra)), rsv1=True))
        both.station.write(frame(TEXT, b"after it"))
        if extra:
            assert await both.station.close_code() == 1009
            assert both.heard == []
        else:
            await until(lambda: len(both.heard) == 2)
            assert [len(message) for message in both.heard] == [LARGEST, 8]


async def test_a_bomb_in_fragments_is_bounded_as_a_whole() -> None:
    packed = deflated(b"x" * (64 * LARGEST))
    async with ends("permessage-deflate") as both:
        half = len(packed) // 128
        both.station.write(frame(TEXT, packed[:half], fin=False, rsv1=True))
        both.station.write(frame(CONT, packed[half:]))
        assert await both.station.close_code() == 1009
        assert both.heard == []


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", "server_max_window_bits=12"),
        ("permessage-deflate; client_max_window_bits", "client_max_window_bits=12"),
        ("permessage-deflate; client_max_window_bits=13", "client_max_window_bits=12"),
        (
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
            "server_max_window_bits=9",
        ),
        ("permessage-deflate; client_max_window_bits=8", "client_max_window_bits=8"),
        ("permessage-deflate; client_no_context_takeover", "client_no_context_takeover"),
        ("permessage-deflate; server_no_context_takeover", "server_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=8", None),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", "server_max_window_bits=12"),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; unknown=1", None),
        ("permessage-deflate; client_max_window_bits=9; client_max_window_bits=9", None),
        ("x-webkit-deflate-frame", None),
    ],
)
async def test_compression_is_negotiated_as_rfc_7692_says(offer: str, answer: str | None) -> None:
    """What we cannot do, a window of 256 bytes of our own, is declined: the station works without."""
    async with ends(offer) as both:
        agreed = [row for row in both.station.head.lower().split("\r\n") if "extensions" in row]
        assert len(agreed) == (1 if answer else 0)
        assert answer is None or answer in agreed[0]
        bits = min(12, int(offer.partition("client_max_window_bits=")[2][:2].strip(";") or 12))
        # zlib makes no window of 8 bits; what refers to nothing before it needs none.
        packer = zlib.compressobj(wbits=-max(bits, 9), strategy=zlib.Z_HUFFMAN_ONLY if bits == 8 else 0)
        text = json.dumps([2, "1", "Heartbeat", {"pad": "abc" * 2000}]).encode()
        if answer:
            packed = (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            both.station.write(frame(TEXT, packed, rsv1=True) * 2)
        else:
            both.station.write(frame(TEXT, text) * 2)
        await until(lambda: len(both.heard) == 2)
        assert both.heard == [text.decode()] * 2
        await both.server.send(text.decode())
        came = await both.station.read()
        assert came is not None
        if answer:
            ours = -9 if "server_max_window_bits=9" in agreed[0] else -12
            unpacked = zlib.decompressobj(wbits=ours).decompress(came[1] + b"\0\0\xff\xff")
            assert unpacked == text
        else:
            assert came[1] == text
