"""Which errors pass by themselves."""

from redis.exceptions import OutOfMemoryError, RedisError, ResponseError

from ocppdiag_amqp import BrokerError

PASSING = (RedisError, OSError, BrokerError)
"""Trouble that passes: what met it is tried again, however long it takes."""

_OF_THE_SERVER = ("MISCONF", "NOREPLICAS")
"""How Redis begins to refuse all that is written: it cannot save it, or has too few replicas."""


def passes(error: Exception) -> bool:
    """Whether all who meet it together are in the same trouble: what Redis refuses is the fault of who asked for it."""
    if isinstance(error, ResponseError):
        return isinstance(error, OutOfMemoryError) or str(error).startswith(_OF_THE_SERVER)
    return isinstance(error, PASSING)
