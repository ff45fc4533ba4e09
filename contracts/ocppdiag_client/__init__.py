"""For other services: send a command, await its end, follow its events."""

from ocppdiag_amqp import BrokerError, UnconfirmedError, UnroutableError
from ocppdiag_client.client import Diagnostics
from ocppdiag_client.stream import NotSentError
from ocppdiag_contracts.commands import InvalidCommandError

__all__ = [
    "BrokerError",
    "Diagnostics",
    "InvalidCommandError",
    "NotSentError",
    "UnconfirmedError",
    "UnroutableError",
]
