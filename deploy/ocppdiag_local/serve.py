"""Everything on one machine from one terminal: `ocppdiag serve`."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from shlex import quote

from rich.console import Console

from ocppdiag_client.here import Here, folder
from ocppdiag_local.keys import Keys
from ocppdiag_local.narrate import Narrator
from ocppdiag_local.services import Services, services
from ocppdiag_local.stack import Stack, stack
from ocppdiag_process.main import told_to_stop


def serve(
    console: Console,
    data: Path,
    *,
    amqp_url: str | None,
    redis_url: str | None,
    gateway_port: int,
    upload_port: int,
    insecure_no_auth: bool,
    destinations: Sequence[str] = (),
) -> bool:
    """Serve until SIGINT or SIGTERM; False when one of the processes ended by itself.

    Raises ServicesError when RabbitMQ or Redis cannot be had.
    """
    data = data.absolute()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    say = partial(console.print, style="dim", highlight=False, soft_wrap=True)
    with services(amqp_url=amqp_url, redis_url=redis_url, data=data / "services", say=say) as found:
        say(f"RabbitMQ and Redis: {found.origin}")
        keys = Keys.kept(data)
        try:
            running = stack(
                found,
                keys,
                logs=data / "logs",
                hear=Narrator(console).hear,
                gateway_port=gateway_port,
                upload_port=upload_port,
                insecure_no_auth=insecure_no_auth,
                settings={"OCPPDIAG_DESTINATIONS": json.dumps(destinations)},
            )
            return asyncio.run(_serve(console, data, found, keys, running))
        finally:
            Here.forget(data)


async def _serve(
    console: Console, data: Path, found: Services, keys: Keys, processes: AbstractAsyncContextManager[Stack]
) -> bool:
    stop = told_to_stop()
    async with processes as running:
        Here(
            amqp_url=found.amqp_url,
            redis_url=found.redis_url,
            gateway_url=running.gateway_url,
            credential_key=keys.credential_key,
        ).write(data)
        console.print(
            f"stations connect to {running.gateway_url}/<identity>; logs go to {data / 'logs'}",
            style="bold",
            soft_wrap=True,
        )
        first = "" if data == folder() else f"export OCPPDIAG_DATA={quote(str(data))}; "
        console.print(
            f"in another terminal: {first}ocppdiag station simulate CS-1, then {first}ocppdiag get-log CS-1",
            style="bold",
            soft_wrap=True,
        )
        told = asyncio.ensure_future(stop.wait())
        ended = asyncio.ensure_future(running.first_end())
        await asyncio.wait((told, ended), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not ended.done():
            ended.cancel()
            console.print("stopping", style="dim")
            return True
        console.print(f"the {ended.result().name} has ended by itself", style="bold red")
        return False
