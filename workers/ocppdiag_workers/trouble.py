"""Which errors pass by themselves."""

from redis.exceptions import RedisError, ResponseError

from ocppdiag_amqp import BrokerError

PASSING = (RedisError, OSError, BrokerError)
"""Trouble that passes: what met it is tried again, however long it takes."""


def passes(error: Exception) -> bool:
    """Whether all who meet it together are in the same trouble: what Redis refuses is the fault of who asked for it."""
    return isinstance(error, PASSING) and not isinstance(error, ResponseError)
