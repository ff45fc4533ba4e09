"""W3C Trace Context: the header `traceparent`, by which what several processes do is known to be for one command. Pure.

It is the header of the hop, which instrumentations of AMQP clients read and write, and no attribute of CloudEvents: those
would name where the event was made, over and over. `tracestate` is not passed on, as the standard allows.
"""

import re

HEADER = "traceparent"

_LENGTH = 55
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})")


def read(value: object) -> str | None:
    """Return the context that a header names, as version 00; None where it names none (Trace Context 3.2.2, 4.3)."""
    if not isinstance(value, str) or (found := _TRACEPARENT.match(value)) is None:
        return None
    longer = value[_LENGTH:]
    if longer and (value.startswith("00") or not longer.startswith("-")):
        return None  # a later version may say more, behind a dash
    return f"00{found[1]}"


def headers(trace: str | None) -> dict[str, str]:
    """Return the header of a message that belongs to this context."""
    return {HEADER: trace} if trace else {}
