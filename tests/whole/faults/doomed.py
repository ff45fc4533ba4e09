"""A real process of ours that kills itself with SIGKILL at its n-th pass of a named point: `python -m doomed`."""

import asyncio
import functools
import inspect
import os
import runpy
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """Before or after a method of the product; what returns a future is over when that is."""

    module: str
    owner: str
    method: str
    before: bool = False


WORKER = {
    "command taken": Point("ocppdiag_workers.reception", "Reception", "take", before=True),
    "batch taken": Point("ocppdiag_workers.intake", "Intake", "on_batch", before=True),
    "guarded": Point("ocppdiag_workers.post", "Post", "guard"),
    "alarm set": Point("ocppdiag_workers.memory", "Memory", "wake_later"),
    "recorded": Point("ocppdiag_workers.memory", "Memory", "commit_all"),
    "told": Point("ocppdiag_workers.post", "Post", "tell"),
    "told and marked": Point("ocppdiag_workers.memory", "Memory", "mark_sent"),
    "ordered": Point("ocppdiag_workers.post", "Post", "order"),
    "handled": Point("ocppdiag_amqp.consumer", "Consumer", "_handle"),
    "settled": Point("ocppdiag_amqp.consumer", "Consumer", "_handle_and_settle"),
    "alarms claimed": Point("ocppdiag_workers.memory", "Memory", "claim_due"),
}
"""Where a worker may fall, by name."""

GATEWAY = {
    "order settled": Point("ocppdiag_gateway.server", "Gateway", "take", before=True),
    "order carried out": Point("ocppdiag_gateway.server", "Gateway", "take"),
    "record to go up": Point("ocppdiag_gateway.link", "Link", "deliver", before=True),
    "record is up": Point("ocppdiag_gateway.link", "Link", "deliver"),
}
"""Where a gateway may fall, by name."""


def variables(point: str, passes: int) -> dict[str, str]:
    """Doom a process: to be given to it."""
    return {"FAULTS_POINT": point, "FAULTS_PASSES": str(passes)}


def doom(point: Point, passes: int) -> None:
    """Have this process fall there."""
    owner = getattr(import_module(point.module), point.owner)
    original: Callable[..., Any] = getattr(owner, point.method)
    left = passes

    def passing(result: object = None) -> None:
        nonlocal left
        if point.method == "claim_due" and isinstance(result, tuple) and not result[1]:
            return  # a look at the alarms that finds none is no pass
        if point.method == "commit_all" and not result:
            return  # nor is a batch that changes nothing
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    async def waited_for(*arguments: object, **named: object) -> object:
        result = await original(*arguments, **named)
        passing(result)
        return result

    @functools.wraps(original)
    def called(*arguments: object, **named: object) -> object:
        if point.before:
            passing()
            return original(*arguments, **named)
        result = original(*arguments, **named)
        result.add_done_callback(passing) if isinstance(result, asyncio.Future) else passing()
        return result

    coroutine = inspect.iscoroutinefunction(original) and not point.before
    setattr(owner, point.method, waited_for if coroutine else called)


if __name__ == "__main__":
    everywhere = WORKER | GATEWAY
    doom(everywhere[os.environ["FAULTS_POINT"]], int(os.environ["FAULTS_PASSES"]))
    runpy.run_module(os.environ["FAULTS_MODULE"], run_name="__main__")
