"""Who speaks in a conversation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Which connection this is."""

    station: str
    node: str
    connection: str
    epoch: int
    version: str
