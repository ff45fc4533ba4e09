"""The one room that speaks AMQP: connect, declare, publish until confirmed, consume and settle."""

from ocppdiag_amqp.broker import Broker
from ocppdiag_amqp.consumer import Consumer, Delivery, Handler
from ocppdiag_amqp.errors import BrokerError, UnconfirmedError, UnroutableError
from ocppdiag_amqp.journal import Journal, Place, Take
from ocppdiag_amqp.lanes import Lanes, Told, close_lanes
from ocppdiag_amqp.parking import Held, Parked, ParkError, Parking, park
from ocppdiag_amqp.publisher import Publisher

__all__ = [
    "Broker",
    "BrokerError",
    "Consumer",
    "Delivery",
    "Handler",
    "Held",
    "Journal",
    "Lanes",
    "ParkError",
    "Parked",
    "Parking",
    "Place",
    "Publisher",
    "Take",
    "Told",
    "UnconfirmedError",
    "UnroutableError",
    "close_lanes",
    "park",
]
