"""Every key in Redis. All keys of a station share its hash tag, so a script may touch them together on a cluster."""

DEADLINES = "ocppdiag:deadlines"
"""When each operation is to be woken: sorted set, until nothing is left to do for it."""

BEGUN = f"ocppdiag:{{{DEADLINES}}}:begun"
"""Since when each of them is open: sorted set, on a cluster on the same server."""

ORIGIN = "ocppdiag:origin"
"""Which Redis this is, and since when (its own clock, microseconds) it has kept everything: hash, no end."""


def lease(station: str) -> str:
    """Who holds the connection now: hash, lives 90 s unless renewed."""
    return f"ocppdiag:{{{station}}}:lease"


def station(station: str) -> str:
    """What is remembered of a station: hash, no end."""
    return f"ocppdiag:{{{station}}}:station"


def credential(station: str) -> str:
    """How it may come in, with the keyed hashes of its passwords: hash, no end."""
    return f"ocppdiag:{{{station}}}:credential"


def station_of(key: str) -> str:
    """Return the identity in a station's key; none has a brace in it."""
    return key[key.index("{") + 1 : key.index("}")]


def spelling(station: str) -> str:
    """Which one is registered of all identities that differ only in case: string, no end."""
    return f"ocppdiag:{{{station.lower()}}}:spelling"


def operation(station: str, command_id: str) -> str:
    """One command's record: hash, lives a day after its end."""
    return f"ocppdiag:{{{station}}}:operation:{command_id}"


def final(station: str, command_id: str) -> str:
    """The end of a command, as it is told again: string, lives a day."""
    return f"ocppdiag:{{{station}}}:final:{command_id}"


def parts(station: str, command_id: str) -> str:
    """The parts of a command's report: hash by number, goes with the command's end."""
    return f"ocppdiag:{{{station}}}:parts:{command_id}"


def monitors(station: str) -> str:
    """The severities of a station's monitors by their ids: hash, goes with its next boot, or after a month."""
    return f"ocppdiag:{{{station}}}:monitors"


def request_ids(station: str) -> str:
    """The last requestId handed out: string, lives a month after it."""
    return f"ocppdiag:{{{station}}}:request-ids"


def request(station: str, family: str, request_id: int) -> str:
    """The command that a requestId belongs to: string, lives as long as its operation."""
    return f"ocppdiag:{{{station}}}:request:{family}:{request_id}"


def open_operations(station: str) -> str:
    """The ids of a station's commands that have not ended: set."""
    return f"ocppdiag:{{{station}}}:open"


def waiting(station: str) -> str:
    """The ids of the commands that wait for a station, by when they were begun: sorted set."""
    return f"ocppdiag:{{{station}}}:waiting"


def releasing(station: str) -> str:
    """Held by the worker that sends out what has waited for a station: string, lives seconds."""
    return f"ocppdiag:{{{station}}}:releasing"
