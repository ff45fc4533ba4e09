"""ListCommands: what is open for a station, by our own records."""

from ocppdiag_contracts.commands import ListCommands
from ocppdiag_contracts.events import OpenCommands, Outcome
from ocppdiag_workers import lifecycle, news
from ocppdiag_workers.feature import Feature, House, ListOpen, Work
from ocppdiag_workers.operation import Ending, Operation, Step, settle


def ask(_: Operation, __: House) -> ListOpen:
    """Nothing is asked of the station."""
    return ListOpen()


def learn(operation: Operation, item: news.OperationNews) -> Step:
    """The list is the end."""
    match item:
        case news.Listed():
            result = OpenCommands(commands=list(item.commands))
            return settle(operation, Ending(Outcome.COMPLETED, item.at), result)
        case news.Woke():
            return lifecycle.unanswered(operation, item)
        case _:
            return Step(operation)


FEATURE = Feature(work=Work(command=ListCommands, ask=ask, learn=learn, asks_station=False))
