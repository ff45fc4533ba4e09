"""What may be the name of a station, and how that name is written into a routing key."""

import re
from urllib.parse import quote

MAX_LENGTH = 48

STATION_PATTERN = rf"^(?! |.* $|\.+$)[A-Za-z0-9*_=+|@. -]{{1,{MAX_LENGTH}}}$"
"""What may be the identity of a station, in the words that regular expressions of all languages share."""

_ALLOWED = re.compile(STATION_PATTERN)


def station_id(text: str) -> str:
    """Return the identity unchanged when it may be one.

    OCPP 2.0.1 part 4, 3.1.1: an identifierString of at most 48 characters, without a colon (HTTP Basic splits
    there). A space inside is allowed because the standard's own example has one.

    Raises:
        ValueError: it is empty, too long, has another character, a space at an end, or nothing but dots.

    """
    if not _ALLOWED.fullmatch(text):
        raise ValueError("must be 1 to 48 of the characters a-z A-Z 0-9 * - _ = + | @ . and inner spaces")
    return text


def as_routing_word(text: str) -> str:
    """Write an identity as one word of a routing key: what means something there (`.` `*` `#`) is escaped."""
    return quote(text, safe="").replace(".", "%2E")
