"""Take messages whose properties nobody can read: else each delivery of one would end the connection of its consumer.

The library raises over a name that is no UTF-8 or a time that is none, and gives up the connection, with everything
that it had brought; the broker delivers the message again, to the same end. So what cannot be read is left out.
"""

from pamqp.commands import Basic
from pamqp.header import ContentHeader

UNREADABLE = "ocppdiag-unreadable"
"""The only header of a message whose properties could not be read."""

MODES = (None, 1, 2)

_read = ContentHeader.unmarshal


def _read_or_leave_out(header: ContentHeader, data: bytes) -> None:
    try:
        _read(header, data)
        readable = header.properties.delivery_mode in MODES  # aio-pika falls over another one
    except Exception:  # noqa: BLE001 (any may come: of text, numbers, times, depth)
        readable = False
    if not readable:
        header.body_size = int.from_bytes(data[4:12])  # where AMQP 0-9-1 has it (4.2.6.1)
        header.properties = Basic.Properties(headers={UNREADABLE: True})


def install() -> None:
    """Have the library read so, in this process."""
    ContentHeader.unmarshal = _read_or_leave_out  # type: ignore[method-assign, assignment]
