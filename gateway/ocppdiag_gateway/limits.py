"""How much one connection may hold, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one conversation; the rest is told that it was too much."""

    waiting: int = 32
    """Our CALLs behind the one under way; one more is refused as busy."""

    unanswered: int = 16
    """The station's CALLs that nobody has answered yet; OCPP allows it one, and one more gets GenericError."""

    answer_seconds: float = 60.0
    """How long the station's CALL waits for a worker before it gets InternalError."""

    repeats: int = 4
    """The last answers that are sent again, and not found anew, when the station repeats their CALLs."""

    repeat_seconds: float = 10.0
    """For how long: a repeat that crossed our answer comes at once, and an old answer to a Heartbeat tells a wrong time."""

    violations: int = 1000
    """Breaches of the protocol that a station may commit at once, beside `violations_per_second` all the time."""

    violations_per_second: float = 100.0
    """More than any station that is merely odd: one a message, of as many messages as it has answers to."""

    remembered: int = 64
    """CALLs given up whose late answers are still recognised, and orders whose fate is known beyond its time."""

    withdrawn_seconds: float = 600.0
    """How long a CALL may still come after it was withdrawn, or be withdrawn after it was refused: a worker may have held
    the one or the other while the broker was away."""
