"""The alert rules as they are, but for their durations: so that what takes minutes can be seen in seconds."""

import re

TIMES = 100
"""So much shorter: a minute is 600 ms. Not shorter than that, for a window must still have several scrapes in it."""

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_DURATION = r"(?:\d+(?:ms|[smh]))+"
_PLACES = re.compile(rf"(?<=^        for: ){_DURATION}$|(?<=\[){_DURATION}(?=[\]:])|(?<=:){_DURATION}(?=\])", re.MULTILINE)  # fmt: skip
_PIECE = re.compile(r"(\d+)(ms|[smh])")


def shortened(rules: str, times: int = TIMES) -> str:
    """The text of a file of rules with each `for` and each window divided; limits and rates stay what they are."""
    return _PLACES.sub(lambda found: f"{milliseconds(found[0]) // times}ms", rules)


def milliseconds(duration: str) -> int:
    """What Prometheus takes it for (5m, 1h30m)."""
    return sum(int(count) * _UNITS[unit] for count, unit in _PIECE.findall(duration))
