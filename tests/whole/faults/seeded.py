"""The real worker with bugs put in, one of each kind, for the checker to find: `python -m seeded`."""

import asyncio
import functools
import json
import os
import runpy
from collections.abc import Callable
from typing import Any

from msgspec import Raw, Struct, structs

from ocppdiag_contracts import link
from ocppdiag_workers.letters import Letter
from ocppdiag_workers.post import Post

Publish = Callable[..., Any]


def _bend(event: str, number: int, of: int, bend: Callable[[Publish, tuple[Any, ...]], Any]) -> None:
    """Have one of so many events of a kind published in another way, whenever that is."""
    original: Publish = getattr(Post, "_publish")  # noqa: B009 (private)
    seen: list[str] = []

    @functools.wraps(original)
    async def publish(self: Post, *arguments: Any) -> None:  # noqa: ANN401
        letter = next(each for each in arguments if isinstance(each, Letter))
        if letter.event == event and letter.id not in seen:
            seen.append(letter.id)
        if letter.event == event and seen.index(letter.id) % of == number:
            await bend(functools.partial(original, self), arguments)
        else:
            await original(self, *arguments)

    setattr(Post, "_publish", publish)  # noqa: B010 (private)


async def _drop(*_: object) -> None:
    """Not at all."""


async def _other(publish: Publish, arguments: tuple[Any, ...]) -> None:
    """As it is, and then with another outcome."""
    await publish(*arguments)
    await publish(*(_changed(each, outcome="expired", failure="no_answer") for each in arguments))


async def _stranger(publish: Publish, arguments: tuple[Any, ...]) -> None:
    """As it is, and once more as of a command that nobody has sent."""
    await publish(*arguments)
    await publish(*(_changed(each, command_id="nobodys") for each in arguments))


def _changed(argument: Any, **members: str) -> Any:  # noqa: ANN401
    if not isinstance(argument, Raw):
        return argument
    return Raw(json.dumps({**json.loads(bytes(argument)), **members}).encode())


def _ask_twice() -> None:
    """Send every CALL that no report follows again under another message id: parts that come twice heal what is dropped."""
    original = Post.order

    @functools.wraps(original)
    def order(self: Post, node: str, order: Struct) -> "asyncio.Future[None]":
        if isinstance(order, link.Call) and order.action not in (
            "GetMonitoringReport",
            "CustomerInformation",
        ):
            original(self, node, structs.replace(order, message_id=order.message_id[::-1]))
        return original(self, node, order)

    setattr(Post, "order", order)  # noqa: B010 (mypy allows no other way)


def spoil() -> None:
    """Put all the bugs in."""
    _bend("command_settled", 1, 6, _drop)
    _bend("command_settled", 3, 6, _other)
    _bend("command_settled", 5, 6, _stranger)
    _bend("monitoring_report_part_received", 1, 3, _drop)
    _ask_twice()


if __name__ == "__main__":
    spoil()
    runpy.run_module(os.environ["FAULTS_MODULE"], run_name="__main__")
