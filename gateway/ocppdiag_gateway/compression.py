"""How messages are compressed, where a station offers to (RFC 7692)."""

from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

WINDOW_BITS = 12

COMPRESSION = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=WINDOW_BITS,
    client_max_window_bits=WINDOW_BITS,
    compress_settings={"memLevel": 5},
)
"""No context between messages: a compressed idle connection costs as little as a plain one. Windows of 4 KiB and not 32,
where the station lets us choose: they are made anew for each message."""
