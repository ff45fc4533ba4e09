"""What never goes to the dead letters: a message with a secret or personal data is put aside as a stub of itself. Pure."""

import json
import re

from ocppdiag_contracts.commands import SECRET_MEMBERS
from ocppdiag_contracts.topology import LARGEST_BODY

_MARKS = (
    *(name.encode() for name in sorted(SECRET_MEMBERS)),
    b'"customer_information"',
    b"CustomerInformation",
    b"SendLocalList",
    b'"GetLog"',
    b"\\u",  # a name may be spelled with escapes
    b"\x00",  # or in UTF-16
)
"""What gives such a message away: members of our commands, and OCPP messages with a customer or an upload address."""

_VALUE = re.compile("'.*'", re.DOTALL)

_SHOWN = ("command", "id", "station", "kind", "action", "tag")
LONGEST = 100


def is_secret(body: bytes) -> bool:
    """Whether a message may hold something that only its handler may see; when in doubt it does."""
    return any(mark in body for mark in _MARKS)


def fault(error: Exception) -> str:
    """Say what is wrong with a message that cannot be read, without the values that it may repeat."""
    return "it is not UTF-8" if isinstance(error, UnicodeError) else _VALUE.sub("...", str(error))


def stub(body: bytes, reason: str) -> bytes:
    """What people get to see instead: whose it was, what went wrong, and how long it was."""
    try:
        content = json.loads(body) if len(body) <= LARGEST_BODY else None
    except (ValueError, RecursionError):
        content = None
    records = content if isinstance(content, list) else [content]
    of = [
        {name: text[:LONGEST] for name in _SHOWN if isinstance(text := record.get(name), str)}
        for record in records
        if isinstance(record, dict)
    ]
    return json.dumps({"withheld": True, "bytes": len(body), "reason": reason, "of": of}).encode()
