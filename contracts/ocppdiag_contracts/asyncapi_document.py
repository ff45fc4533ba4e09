"""The AsyncAPI 3.0 document: servers, channels, operations and messages, made from the topology and the models."""

from collections.abc import Iterable, Mapping

from ocppdiag_contracts import trace_context
from ocppdiag_contracts.cloud_events import Kind, attributes, name_of, versioned_name
from ocppdiag_contracts.commands import COMMAND_TYPES
from ocppdiag_contracts.events import EventModel
from ocppdiag_contracts.schemas import EVENT_TYPES, MESSAGES, Schema, schema_of
from ocppdiag_contracts.topology import COMMANDS, EVENTS, REPLIES, Exchange, reply_queue

VERSION = "1.0.0"
"""Of the exchanges and their keys; each message has a version of its own."""

_BINDING = {"bindingVersion": "0.3.0"}
_STATION = {
    "description": "The station's identity; characters other than `a-z A-Z 0-9 _ - ~` are percent-encoded, the dot as "
    "`%2E`. In a binding, `*` is every station."
}
_REPLY_TO = {
    "description": "Chosen by who sends the command, for itself alone: 1 to 100 of `a-z A-Z 0-9 . _ -`. It travels as "
    "AMQP's own property reply_to.",
    "location": "$message.header#/reply_to",
}
_OWN = reply_queue("{reply_to}")
_COMMANDS_TOLD = "A command that comes back (`mandatory`) was not stored: nobody takes it."
_EVENTS_TOLD = "Every event, once; bind a queue of your own to the keys that you want to hear."
_REPLIES_TOLD = {
    EVENTS: "The events of a command once more, for who has sent it; but for those that hold more than all may hear.",
    REPLIES: "Events with personal data or secrets, for who has sent the command; all others hear them without.",
}
_OWN_TOLD = (
    "The queue of who sends commands, made by itself and bound to both channels to the sender: all events of its "
    "commands, each once. A queue that is bound to one of them alone may wait for ever for the `command_settled` of a "
    "customer_information or get_log."
)


def document(examples: Mapping[str, Schema]) -> Schema:
    """Write the document, from the side of a service: it sends commands and receives events.

    `examples` are payloads by the name of their message.
    """
    commands = {
        name_of(kind): _channel(COMMANDS, name_of(kind), [kind], _COMMANDS_TOLD) for kind in COMMAND_TYPES
    }
    events = {name_of(kind): _event_channel(kind) for kind in EVENT_TYPES} | _reply_channels()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "ocppdiag",
            "version": VERSION,
            "description": "Ask charging stations what is wrong with them: send a command, and hear events until its "
            "`command_settled`. contracts/README.md says what holds; the schemas beside this file are JSON Schema "
            "2020-12. Each message carries the attributes of CloudEvents 1.0 as headers (binary content mode).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"rabbitmq": _server()},
        "channels": commands | events | {"own_queue": _own_queue()},
        "operations": {
            **{f"send_{channel}": _send(channel) for channel in commands},
            **{f"receive_{channel}": _receive(channel) for channel in events},
        },
        "components": {
            "messages": {name_of(kind): _message(kind, examples) for kind in MESSAGES},
            "securitySchemes": {"account": {"type": "userPassword", "description": "A user of the broker."}},
        },
    }


def _server() -> Schema:
    return {
        "host": "{host}:{port}",
        "pathname": "/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ 3.10 to 4.x.",
        "variables": {
            "host": {"default": "localhost"},
            "port": {"default": "5672"},
            "vhost": {
                "default": "%2F",
                "description": "Percent-encoded; `%2F` is the broker's default, `/`.",
            },
        },
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    }


def _channel(exchange: Exchange, key: str, kinds: Iterable[Kind], told: str) -> Schema:
    bound = {"name": exchange.name, "type": exchange.type, "durable": True, "autoDelete": False}
    return {
        "address": key,
        "description": told,
        "messages": _messages(kinds),
        "bindings": {"amqp": {"is": "routingKey", "exchange": bound, **_BINDING}},
    }


def _messages(kinds: Iterable[Kind]) -> Schema:
    return {name_of(kind): {"$ref": f"#/components/messages/{name_of(kind)}"} for kind in kinds}


def _event_channel(kind: type[EventModel]) -> Schema:
    channel = _channel(EVENTS, f"{name_of(kind)}.{{station}}", [kind], _EVENTS_TOLD)
    return channel | {"parameters": {"station": _STATION}}


def _reply_channels() -> dict[str, Schema]:
    """A channel for each binding of the queue that a service has of its own."""
    return {
        _to_sender(exchange): {
            **_channel(exchange, key, _of_commands(exchange), _REPLIES_TOLD[exchange]),
            "parameters": {"reply_to": _REPLY_TO},
        }
        for exchange, key in _OWN.bindings
    }


def _own_queue() -> Schema:
    """The channel that replies come on, whichever way: nothing is sent to it by its name."""
    queue = {"name": _OWN.name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": _OWN.name,
        "description": _OWN_TOLD,
        "messages": _messages(_of_commands(EVENTS)),
        "parameters": {"reply_to": _REPLY_TO},
        "bindings": {"amqp": {"is": "queue", "queue": queue, **_BINDING}},
        "x-arguments": dict(_OWN.arguments),
        "x-bindings": [{"$ref": f"#/channels/{_to_sender(exchange)}"} for exchange, _ in _OWN.bindings],
    }


def _to_sender(exchange: Exchange) -> str:
    return f"{exchange.name.removeprefix('ocppdiag.')}_to_sender"


def _of_commands(exchange: Exchange) -> list[Kind]:
    """Events that may belong to a command; as replies, those that may hold more than all may hear."""
    mine = [kind for kind in EVENT_TYPES if "command_id" in kind.model_fields]
    return [kind for kind in mine if exchange == EVENTS or kind.for_all is not EventModel.for_all]


def _send(channel: str) -> Schema:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "description": "Publish with confirms. With AMQP's property reply_to, the command's events come to your own "
        "queue; the last of them is `command_settled`. AMQP's property user_id must be your own user of the broker, "
        "where its operators say who may send what; RabbitMQ refuses any other.",
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, **_BINDING}},
        "reply": {"channel": {"$ref": "#/channels/own_queue"}},
    }


def _receive(channel: str) -> Schema:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"amqp": {"deliveryMode": 2, "ack": True, **_BINDING}},
    }


def _message(kind: Kind, examples: Mapping[str, Schema]) -> Schema:
    name, id_member = name_of(kind), "command_id" if issubclass(kind, EventModel) else "id"
    made = {
        "name": name,
        "title": versioned_name(kind),
        "summary": schema_of(kind)["description"].partition("\n\n")[0],
        "contentType": "application/json",
        "headers": _headers(kind),
        "payload": {"$ref": f"./schemas/{versioned_name(kind)}.json"},
        "bindings": {"amqp": {"messageType": name, **_BINDING}},
    }
    if id_member in kind.model_fields:
        made["correlationId"] = {"location": f"$message.payload#/{id_member}"}
    if name in examples:
        made["examples"] = [{"name": name, "payload": examples[name]}]
    return made


def _headers(kind: Kind) -> Schema:
    """The headers of CloudEvents, and of a trace; a service may leave them out of its commands."""
    members: dict[str, Schema] = {
        name: {"type": "string", "const": value} for name, value in attributes(kind).items()
    } | {
        "cloudEvents_source": {"type": "string", "description": "Who says it; names no host."},
        "cloudEvents_id": {"type": "string", "description": "The payload's `id`, and AMQP's message_id."},
        "cloudEvents_time": {"type": "string", "format": "date-time", "description": "The payload's `time`."},
    }
    always = {"required": list(members)} if issubclass(kind, EventModel) else {}
    members["cloudEvents_subject"] = {"type": "string", "description": "The station, if one was named."}
    members[trace_context.HEADER] = {
        "type": "string",
        "description": "W3C Trace Context, if there is a trace.",
    }
    return {"type": "object", "properties": members, **always}
