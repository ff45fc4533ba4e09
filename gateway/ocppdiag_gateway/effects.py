"""What a conversation wants done: its shell does it, in this order."""

from msgspec import Struct

from ocppdiag_contracts.link import FromGateway


class Send(Struct, frozen=True):
    """Write this frame to the socket."""

    frame: bytes


class Deliver(Struct, frozen=True):
    """Put this record on the broker."""

    record: FromGateway


class Violate(Struct, frozen=True):
    """Count a breach of the protocol; the link stays. `harmless` are those of which there may be any number."""

    reason: str
    harmless: bool = False


class Expel(Struct, frozen=True):
    """Close the connection with 1008, policy violation: nothing more that it says is heard."""

    reason: str


Effect = Send | Deliver | Violate | Expel
