"""Which errors pass by themselves."""

from redis.exceptions import RedisError

from ocppdiag_amqp import BrokerError

PASSING = (RedisError, OSError, BrokerError)
"""Trouble that passes: what met it is tried again, however long it takes."""
