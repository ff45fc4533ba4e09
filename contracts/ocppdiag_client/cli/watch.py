"""`ocppdiag watch`: look on."""

from typing import Annotated

import typer
from rich.console import Console

from ocppdiag_client.cli.app import AmqpUrl, AsJson, app, broker, run
from ocppdiag_client.cli.show import Show, ShowJson, ShowText
from ocppdiag_client.client import Diagnostics


@app.command()
def watch(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]...", help="Such as command_settled.# or *.CS-1; all if none."),
    ] = None,
    *,
    amqp_url: AmqpUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show events as they come, until Ctrl-C."""
    show: Show = ShowJson() if as_json else ShowText(Console(), with_station=True)
    run(_watch(broker(amqp_url), tuple(keys or ()), show))


async def _watch(url: str, keys: tuple[str, ...], show: Show) -> None:
    async with Diagnostics.connect(url, name="cli") as diagnostics, diagnostics.listen(*keys) as events:
        with show:
            async for event in events:
                show.event(event)
