"""The CloudEvents 1.0 attributes of our messages, as AMQP headers (binary content mode), so that other tools know them.

`datacontenttype` is AMQP's own content_type. Of the two prefixes that the AMQP binding allows (3.1.3.1), this is the
one that it prefers. A URI here names a thing and no host.
"""

from functools import cache

from ocppdiag_contracts.commands import CommandModel
from ocppdiag_contracts.events import EventModel
from ocppdiag_contracts.model import as_text

WORKERS = "/ocppdiag/workers"
"""The source of every event."""

Kind = type[CommandModel] | type[EventModel]


def client(name: str) -> str:
    """Return the source of the commands of a client of this name."""
    return f"/ocppdiag/clients/{name}"


def name_of(kind: Kind) -> str:
    """Return the name of a kind of message on the wire."""
    return str(kind.model_fields["event" if issubclass(kind, EventModel) else "command"].default)


def versioned_name(kind: Kind) -> str:
    """Return its name with its schema version: `get_log.v1`."""
    return f"{name_of(kind)}.v{kind.model_fields['schema_version'].default}"


def schema_uri(kind: Kind) -> str:
    """Return the `$id` of a kind's JSON Schema, which is `dataschema` in each message."""
    return f"urn:ocppdiag:schema:{versioned_name(kind)}"


@cache
def attributes(kind: Kind) -> dict[str, str]:
    """Return the headers that all messages of a kind share; not to be changed."""
    return {
        "cloudEvents_specversion": "1.0",
        "cloudEvents_type": f"ocppdiag.{versioned_name(kind)}",
        "cloudEvents_dataschema": schema_uri(kind),
    }


def headers(message: CommandModel | EventModel, source: str) -> dict[str, str]:
    """Return the headers of one message: what it is, whose, about which station and when, and nothing it says.

    The station that an invalid command named may be no text at all, and an empty `subject` is none.
    """
    made = {
        **attributes(type(message)),
        "cloudEvents_source": source,
        "cloudEvents_id": message.id,
        "cloudEvents_time": as_text(message.time),
    }
    if message.station:
        made["cloudEvents_subject"] = message.station
    return made
