"""The address of RabbitMQ: a wrong one is one sentence, at once, that tells no secret."""

import traceback

import pytest
from aio_pika.exceptions import AMQPConnectionError, ProbableAuthenticationError

from ocppdiag_amqp import Broker, BrokerError
from ocppdiag_amqp.address import read, why

CANARY = "canary"


@pytest.mark.parametrize(
    "wrong",
    [CANARY, "", "http://x/", "amqp:///vhost", f"amqp://u:{CANARY}/{CANARY}@x:1/", f"redis://:{CANARY}@x/"],
)
def test_what_is_no_address_of_rabbitmq_is_said_at_once_and_without_a_piece_of_it(wrong: str) -> None:
    with pytest.raises(BrokerError, match="the address of RabbitMQ cannot be read") as caught:
        Broker(wrong, name="test")
    assert CANARY not in "".join(traceback.format_exception(caught.value, limit=0))


@pytest.mark.parametrize("right", ["amqp://h", "amqps://u:p%2F@h:5671/v", "amqp://[::1]:1/"])
def test_an_address_is_taken_as_it_is_written(right: str) -> None:
    assert str(read(right)) == right


def test_why_nobody_was_reached_is_said_in_words() -> None:
    refused = AMQPConnectionError(111, "Connect call failed")
    refused.__cause__ = ConnectionRefusedError(111, "Connect call failed")
    assert why(refused) == "Connect call failed"
    assert why(TimeoutError()) == "no answer"
    assert why(ProbableAuthenticationError(CANARY)) == "it refuses our user or password"
    assert why(AMQPConnectionError(CANARY)) == "AMQPConnectionError"
