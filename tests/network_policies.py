"""Kubernetes' network policies as a cluster carries them out: whether one pod may open a connection to another. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Policy = dict[str, Any]
Labels = Mapping[str, str]
Direction = Literal["ingress", "egress"]


@dataclass(frozen=True)
class Peer:
    """Who opens a connection, or is reached by one; `ports` are its container's, by name."""

    labels: Labels
    namespace: str
    ports: Mapping[str, int]
    namespace_labels: Labels | None = None

    @property
    def around(self) -> Labels:
        return {"kubernetes.io/metadata.name": self.namespace, **(self.namespace_labels or {})}


def may_connect(source: Peer, target: Peer, port: int, policies: Iterable[Policy]) -> bool:
    """Both ends have to allow it: what goes out of the one, and what comes into the other."""
    every = list(policies)
    return _allowed("egress", source, target, port, every) and _allowed(
        "ingress", target, source, port, every
    )


def _allowed(way: Direction, of: Peer, other: Peer, port: int, policies: list[Policy]) -> bool:
    listener = other if way == "egress" else of
    concerned = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == of.namespace
        and way.title() in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"], of.labels)
    ]
    if not concerned:
        return True
    return any(
        _peer_matches(rule.get("to" if way == "egress" else "from"), other, of.namespace)
        and _port_matches(rule.get("ports"), port, listener)
        for spec in concerned
        for rule in spec.get(way, ())
    )


def _peer_matches(peers: list[Policy] | None, other: Peer, here: str) -> bool:
    if peers is None:
        return True
    return any(
        selects(peer.get("podSelector", {}), other.labels)
        and (
            selects(peer["namespaceSelector"], other.around)
            if "namespaceSelector" in peer
            else other.namespace == here
        )
        for peer in peers
    )


def _port_matches(ports: list[Policy] | None, port: int, listener: Peer) -> bool:
    if ports is None:
        return True
    return any(
        (first := listener.ports.get(str(each["port"]), each["port"])) == port
        or (isinstance(first, int) and first <= port <= each.get("endPort", first))
        for each in ports
        if each.get("protocol", "TCP") == "TCP"
    )


def selects(selector: Policy, labels: Labels) -> bool:
    """Whether a label selector takes in what has these labels; an empty one takes in everything."""
    wanted = selector.get("matchLabels", {})
    listed = selector.get("matchExpressions", ())
    assert all(each["operator"] == "In" for each in listed)
    return wanted.items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in listed
    )
