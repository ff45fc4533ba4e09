"""The nemesis: every fault of the suite, in which world it strikes, and how soon everything must be well again."""

from dataclasses import dataclass

from felling import (
    doom_gateway,
    doom_worker,
    double_messages,
    drain_gateway,
    freeze_worker,
    kill_gateway,
    look_on,
    stop_workers,
)
from strikes import (
    COMMANDS,
    ORDERS,
    Strike,
    cut_ways,
    delete_queues,
    empty_redis,
    fail_over,
    fill_disk,
    freeze_broker,
    freeze_home,
    freeze_primary,
    freeze_redis,
    kill_broker,
    kill_home,
    kill_primary,
    slow_ways,
    time_out_consumers,
)
from world import Kind


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to hurt a world; `strike` returns when it is healed again."""

    code: str
    title: str
    strike: Strike
    bound_seconds: float
    """From the healing on, until new commands complete and everything open has ended."""

    world: Kind = "single"
    ci: Strike | None = None
    """The short variant, if it is short enough for every change."""

    load: frozenset[str] = frozenset()
    """How the stations misbehave meanwhile."""


DECISIVE = ("command taken", "recorded", "told", "ordered", "settled")
"""The steps between which most can go wrong."""

FAULTS = (
    Fault("F1", "RabbitMQ killed and started again", kill_broker, 15, ci=kill_broker),
    Fault("F2", "RabbitMQ frozen for 60 s", freeze_broker(60), 40, ci=freeze_broker(20)),
    Fault("F3", "the node that leads a queue killed, of three", kill_home(COMMANDS, 20), 15, "cluster"),
    Fault("F3b", "the node that has a gateway's queue killed, of three", kill_home(ORDERS, 30), 15, "cluster"),
    Fault("F4", "the node that leads a queue frozen for 30 s, of three", freeze_home(COMMANDS, 30), 40, "cluster"),
    Fault("F6", "RabbitMQ's disk alarm for 60 s", fill_disk(60), 15, ci=fill_disk(12)),
    Fault("F9", "queues deleted under their consumers", delete_queues(5), 15, ci=delete_queues(3)),
    Fault("F10", "consumers timed out by RabbitMQ, because Redis is frozen", time_out_consumers(20), 30),
    Fault("F11", "Redis emptied, and later killed and started empty", empty_redis(15), 20, ci=empty_redis(5)),
    Fault("F12", "Redis fails over to a replica that lacks the last second", fail_over(1), 20, "replica"),
    Fault(
        "F12b", "the primary killed, of a Redis with Sentinels", kill_primary(20), 20, "sentinel", ci=kill_primary(3)
    ),
    Fault("F12d", "the primary frozen for 20 s, of a Redis with Sentinels", freeze_primary(20), 20, "sentinel"),
    Fault("F12f", "the same for 4 s: clients wait for it, and there are two", freeze_primary(4), 20, "sentinel"),
    Fault("F12c", "a primary killed, of a Redis Cluster", kill_primary(20), 20, "redis-cluster"),
    Fault("F12e", "a primary frozen for 20 s, of a Redis Cluster", freeze_primary(20), 20, "redis-cluster"),
    Fault("F13", "Redis frozen for 30 s", freeze_redis(30), 20),
    Fault(
        "F14", "a worker killed at each step", doom_worker(5, 15), 20, ci=doom_worker(1, 8, DECISIVE)
    ),
    Fault("F15", "each worker told to stop under load", stop_workers, 15, ci=stop_workers),
    Fault("F16", "a worker frozen for 75 s", freeze_worker(75), 20),
    Fault("F17", "a gateway killed with calls under way", kill_gateway, 100),
    Fault("F17b", "a gateway killed at each step", doom_gateway(5, 15), 100),
    Fault("F18", "a gateway told to stop under load", drain_gateway, 15),
    Fault("F20", "every message published twice", double_messages(30), 15, ci=double_messages(8)),
    Fault(
        "F21",
        "parts reordered, repeated, missing and in conflict",
        look_on(30),
        15,
        ci=look_on(10),
        load=frozenset({"reordered", "duplicated", "missing", "conflicting"}),
    ),
    Fault(
        "F22",
        "stations drop in the middle of a report and come back elsewhere",
        look_on(30),
        15,
        load=frozenset({"drops_mid_report"}),
    ),
    Fault(
        "F23",
        "stations that read a byte a second, never pong, never answer",
        look_on(30),
        15,
        load=frozenset({"slow", "no_pong", "never_answers"}),
    ),
    Fault("W1", "the ways to RabbitMQ and Redis 50 ms long for 30 s", slow_ways(0.05, 30), 15),
    Fault("W2", "connections to RabbitMQ and Redis cut, again and again", cut_ways(8, 1.5), 15, ci=cut_ways(2, 1)),
)  # fmt: skip
"""In the order of the list in which the faults of such systems are kept."""
