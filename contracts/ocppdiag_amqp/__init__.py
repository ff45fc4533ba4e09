"""The one room that speaks AMQP: connect, declare, publish until confirmed, consume and settle."""

from ocppdiag_amqp.broker import Broker
from ocppdiag_amqp.consumer import Consumer, Delivery, Handler, ParkError
from ocppdiag_amqp.errors import BrokerError, UnconfirmedError, UnroutableError
from ocppdiag_amqp.lanes import Lanes
from ocppdiag_amqp.publisher import Publisher

__all__ = [
    "Broker",
    "BrokerError",
    "Consumer",
    "Delivery",
    "Handler",
    "Lanes",
    "ParkError",
    "Publisher",
    "UnconfirmedError",
    "UnroutableError",
]
