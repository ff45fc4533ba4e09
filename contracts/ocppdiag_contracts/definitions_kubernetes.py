"""RabbitMQ's definitions as objects of its messaging topology operator, for a broker in Kubernetes. Pure.

Their fields, and what the operator makes of them: rabbitmq/messaging-topology-operator, `rabbitmq.com/v1beta1`.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from ocppdiag_contracts.permissions import Permissions

Entry = dict[str, Any]

SCALER: Mapping[str, Permissions] = MappingProxyType({"scaler": Permissions()})
"""Who looks how long the queues are, to scale the workers by it: to look takes no right."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LONGEST = 180  # of 253, because what is put before and behind is a name too


def objects(definitions: Mapping[str, list[Entry]], cluster: str) -> Entry:
    """Write definitions as a List of objects that belong to the RabbitmqCluster of this name.

    A user's name and password come from the Secret `<cluster>-<user>` with the keys `username` and `password`.
    """
    items = [
        *(_object("Vhost", vhost["name"], vhost) for vhost in definitions["vhosts"] if vhost["name"] != "/"),
        *(_object("Exchange", exchange["name"], exchange) for exchange in definitions["exchanges"]),
        *map(_queue, definitions["queues"]),
        *map(_binding, definitions["bindings"]),
        *(_user(user["name"], cluster) for user in definitions["users"]),
        *(_right("Permission", may["user"], may) for may in definitions["permissions"]),
        *(
            _right("TopicPermission", f"{object_name(may['user'])}.{may['exchange']}", may)
            for may in definitions["topic_permissions"]
        ),
    ]
    for item in items:
        item["spec"]["rabbitmqClusterReference"] = {"name": cluster}
    return {"apiVersion": "v1", "kind": "List", "items": items}


def object_name(text: str) -> str:
    """Return a name for an object: the text where Kubernetes takes it, else what of it can stay, and its hash."""
    if len(text) <= _LONGEST and _NAME.fullmatch(text):
        return text
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower())[:_LONGEST].strip("-")
    return f"{plain}-{_mark(text)}".lstrip("-")


def _mark(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _object(kind: str, name: str, spec: Entry) -> Entry:
    """Say it in Kubernetes' way: `autoDelete`, and nothing for what is empty or goes without saying."""
    camel = {re.sub(r"_([a-z])", lambda found: found[1].upper(), word): spec[word] for word in spec}
    return {
        "apiVersion": "rabbitmq.com/v1beta1",
        "kind": kind,
        "metadata": {"name": object_name(name)},
        "spec": {word: value for word, value in camel.items() if value not in ({}, False)},
    }


def _queue(queue: Entry) -> Entry:
    arguments = dict(queue["arguments"])
    kind = arguments.pop("x-queue-type")
    return _object("Queue", queue["name"], queue | {"type": kind, "arguments": arguments})


def _binding(binding: Entry) -> Entry:
    # Nothing in a binding can be changed, so another binding has to be another object.
    mark = _mark(f"{binding['source']} {binding['routing_key']}")
    return _object("Binding", f"{binding['destination']}.{mark}", binding)


def _user(name: str, cluster: str) -> Entry:
    return _object("User", name, {"import_credentials_secret": {"name": f"{cluster}-{object_name(name)}"}})


def _right(kind: str, name: str, may: Entry) -> Entry:
    rights = {word: value for word, value in may.items() if word not in ("user", "vhost")}
    user = {"name": object_name(may["user"])}
    return _object(kind, name, {"vhost": may["vhost"], "user_reference": user, "permissions": rights})
