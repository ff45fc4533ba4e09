"""Events as they come from the broker: what this client cannot know is passed over, but for the end of a command."""

from typing import Any

import structlog
from pydantic import ValidationError
from pydantic_core import from_json

from ocppdiag_contracts.events import CommandSettled, Event, Outcome, read_event
from ocppdiag_contracts.failures import Failure, Retry
from ocppdiag_contracts.model import now

log = structlog.get_logger()

NOT_READ = "not all of this end could be read: this client may be older than the workers"
_UNTOLD = {"outcome": Outcome.FAILED, "failure": Failure.INTERNAL_ERROR, "retry": Retry.UNKNOWN}


def read(body: bytes, key: str) -> Event | None:
    """Read an event; None is another one than this client knows. `key` is for the log, which never has the body.

    Of a command's end as much is read as can be: whoever waits for it must not wait for ever.
    """
    try:
        return read_event(body)
    except ValidationError:
        log.warning("event_unknown", key=key)
    try:
        told = from_json(body)
        return _end(told) if isinstance(told, dict) and told.get("event") == "command_settled" else None
    except ValueError:  # no JSON, or an end of nobody knows what
        return None


def _end(told: dict[str, Any]) -> CommandSettled:
    """Read a final event without the members that cannot be read.

    Raises:
        pydantic.ValidationError: it does not say which command it ends.

    """
    try:
        CommandSettled.model_validate(told, extra="ignore")
        unread = set()
    except ValidationError as error:
        unread = {item["loc"][0] for item in error.errors(include_input=False)}
    known = {name: value for name, value in told.items() if name not in unread}
    if "outcome" in unread:
        known |= _UNTOLD
    instead = {
        "id": f"{told.get('station')}/{told.get('command_id')}/settled",
        "time": now(),
        "command": None,
    }
    return CommandSettled.model_validate(instead | known | {"detail": NOT_READ}, extra="ignore")
