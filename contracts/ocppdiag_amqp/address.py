"""The address of RabbitMQ, and why nobody could be reached there; neither says anything of the password."""

from ssl import SSLCertVerificationError

from aio_pika.exceptions import ProbableAuthenticationError
from aiormq.exceptions import InvalidFrameError
from yarl import URL

from ocppdiag_amqp.errors import BrokerError

SCHEMES = ("amqp", "amqps")


def read(address: str) -> URL:
    """Read an address. Raises BrokerError when it is none."""
    try:
        url = URL(address)
    except ValueError:  # it repeats a piece of the address, which may be of the password
        raise BrokerError(
            "the address of RabbitMQ cannot be read: a password with / # ? or @ needs percent-encoding"
        ) from None
    if url.scheme not in SCHEMES or not url.host:
        raise BrokerError(
            "the address of RabbitMQ cannot be read: it must be such as amqp://user:password@host:5672/"
        )
    return url


def why(error: Exception) -> str:
    """Say in words why a connection was not to be had."""
    match error, error.__cause__:
        case TimeoutError(), _:
            return "no answer"
        case ProbableAuthenticationError(), _:
            return "it refuses our user or password"
        case InvalidFrameError(), _:  # what the library makes of a refusal after that
            return "it does not let our user into this virtual host"
        case _, SSLCertVerificationError(verify_message=words):
            return f"its certificate is not to be trusted: {words}"
        case (OSError(strerror=str(words)), _) | (_, OSError(strerror=str(words))):
            return words
        case _:
            return type(error).__name__
