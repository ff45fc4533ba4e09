"""The commands of `ocppdiag` that need nothing but a broker: a file for each group of them."""

from ocppdiag_client.cli import customer, logs, monitors, open_commands, parking, watch
from ocppdiag_client.cli.app import BAD_USE, NOT_COMPLETED, AmqpUrl, app, here, run

__all__ = [
    "BAD_USE",
    "NOT_COMPLETED",
    "AmqpUrl",
    "app",
    "customer",
    "here",
    "logs",
    "monitors",
    "open_commands",
    "parking",
    "run",
    "watch",
]
