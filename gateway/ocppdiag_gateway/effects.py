"""What a conversation wants done: its shell does it, in this order."""

from dataclasses import dataclass

from ocppdiag_contracts.link import FromGateway


@dataclass(frozen=True, slots=True)
class Send:
    """Write this frame to the socket."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put this record on the broker."""

    record: FromGateway


@dataclass(frozen=True, slots=True)
class Violate:
    """Count a breach of the protocol; the link stays. `harmless` are those of which there may be any number."""

    reason: str
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Expel:
    """Close the connection with 1008, policy violation: nothing more that it says is heard."""

    reason: str


Effect = Send | Deliver | Violate | Expel
