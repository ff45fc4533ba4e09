"""Cancel: take back a command whose CALL has not left yet. The gateway that holds it decides, or we do while it waits."""

from ocppdiag_contracts.commands import Cancel
from ocppdiag_contracts.events import Outcome
from ocppdiag_workers import lifecycle, news
from ocppdiag_workers.feature import Feature, House, Withdraw, Work
from ocppdiag_workers.operation import Ending, Operation, Step, settle


def ask(operation: Operation, _: House) -> Withdraw:
    """Name the command to take back."""
    return Withdraw(operation.asked(Cancel).command_id)


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """The gateway answers when the CALL is withdrawn, and refuses when it has left."""
    match item:
        case news.Answered():
            return settle(operation, Ending(Outcome.COMPLETED, item.at))
        case news.Woke() | news.TimedOut():
            return lifecycle.unanswered(operation, item)
        case _:
            return Step(operation)


FEATURE = Feature(work=Work(command=Cancel, ask=ask, learn=learn, asks_station=False))
