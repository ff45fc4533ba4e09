"""The outermost lines of a process: settings from the environment, a loop, and a clean end."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import TypeVar

import structlog
import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError

from ocppdiag_amqp import BrokerError
from ocppdiag_process import tracing
from ocppdiag_process.logs import configure
from ocppdiag_process.secret_files import SecretsError, read_secret_files
from ocppdiag_process.settings import ProcessSettings

log = structlog.get_logger()

GARBAGE = (50_000, 10, 20)
"""When garbage is looked for: a full collection stops the loop, in a gateway 0.1 s for a thousand stations, and the usual
700 new objects are one batch of a worker's, who spent a quarter of its time on it."""

STOP_SECONDS = 28.0
"""A process that is told to stop is gone by then: what it waits for is no worse off than if it had been killed."""


S = TypeVar("S", bound=ProcessSettings)


def told_to_stop() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set, whereupon the process has 28 s to end."""
    stop = asyncio.Event()
    # A thread, because a loop that hangs cannot end itself.
    last_resort = threading.Timer(STOP_SECONDS, _give_up)
    last_resort.daemon = True

    def tell() -> None:
        if not stop.is_set():
            last_resort.start()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, tell)
    return stop


def _give_up() -> None:
    log.error("stop_cut_short", seconds=STOP_SECONDS)
    os._exit(1)


def main(
    process: str, settings_type: Callable[[], S], run: Callable[[S], Coroutine[None, None, None]]
) -> None:
    """Run a process; exit with 1 and one clear sentence when it cannot start."""
    try:
        read_secret_files()
        settings = settings_type()
    except SecretsError as error:
        sys.exit(str(error))
    except ValidationError as error:
        sys.exit("\n".join(_explain(error)))
    except SettingsError as error:  # names the field and not its value
        sys.exit(f"{error}: a list is written as JSON")
    configure(level=settings.log_level, process=process)
    try:
        tracing.set_up(process)
    except tracing.TracingError as error:
        sys.exit(str(error))
    gc.freeze()  # what was imported stays, and is not looked through again
    gc.set_threshold(*GARBAGE)
    try:
        uvloop.run(run(settings))
    except (BrokerError, OSError) as error:
        sys.exit(str(error))
    finally:
        tracing.close()
    log.info("stopped")


def _explain(error: ValidationError) -> list[str]:
    """Name each variable that is wrong or missing, never its value."""
    items = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"OCPPDIAG_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in items]
