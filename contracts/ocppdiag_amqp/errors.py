"""What may go wrong with the broker.

BrokerError
├── UnroutableError    nobody takes such messages: it was stored nowhere, sending it again is safe
└── UnconfirmedError   no confirm in the time given: it may be stored or not, send it again under the same id
"""


class BrokerError(Exception):
    """The broker did not do what was asked."""


class UnroutableError(BrokerError):
    """No queue is bound for this message, so it was stored nowhere."""


class UnconfirmedError(BrokerError):
    """The broker has not confirmed the message in time: it may be stored or not."""
