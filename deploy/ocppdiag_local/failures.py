"""The ways in which finding the services can fail, each told in one sentence."""


class ServicesError(Exception):
    """RabbitMQ and Redis cannot be had as asked."""


class ServicesMissing(ServicesError):  # noqa: N818 - "raise ServicesMissing" is already the sentence
    """Neither an address, nor Docker, nor programs of this machine: the sentence says what to install or set."""


class NoAnswerError(ServicesError):
    """A server is not there, or does not speak its own protocol."""
