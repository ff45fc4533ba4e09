"""How faults are put together: functions that take what a good station does and make of it what a bad one does. Pure."""

from collections.abc import Callable, Container, Iterable
from typing import Any

from ocppdiag_station.scenario import Instead
from ocppdiag_station.steps import Answer, Bend, Call, Pause, Refusal, Script, Step
from ocppdiag_station.words import Payload

ALL = (
    "GetLog",
    "GetMonitoringReport",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetVariableMonitoring",
    "ClearVariableMonitoring",
    "CustomerInformation",
    "SendLocalList",
    "TriggerMessage",
    "GetVariables",
)
"""What a CSMS may ask."""

MONITORING = ALL[1:6]

Parts = list[Payload]
Member = Callable[[str, Any], Any]
"""From a member's name and value to its new value."""


def only(actions: Container[str], bend: Callable[[Script], Script]) -> Bend:
    """Bend what is about certain actions."""
    return lambda action, script: bend(script) if action in actions else script


def answering(actions: Container[str], change: Callable[[Payload], Any]) -> Bend:
    """Change the payload of answers."""

    def step(there: Step) -> Step:
        return Answer(change(there.payload)) if isinstance(there, Answer) else there

    return only(actions, lambda script: tuple(map(step, script)))


def calling(actions: Container[str], change: Callable[[Payload], Any]) -> Bend:
    """Change the payload of CALLs, whatever they belong to."""

    def step(there: Step) -> Step:
        if isinstance(there, Call) and there.action in actions:
            return Call(there.action, change(there.payload))
        return there

    return lambda _, script: tuple(map(step, script))


def every_payload(change: Callable[[Any], Any]) -> Bend:
    """Change all that a station says: its answers and its CALLs."""

    def step(there: Step) -> Step:
        match there:
            case Answer(payload):
                return Answer(change(payload))
            case Call(action, payload):
                return Call(action, change(payload))
            case _:
                return there

    return lambda _, script: tuple(map(step, script))


def parts(action: str, change: Callable[[Parts], Iterable[Payload]]) -> Bend:
    """Change the parts of a report as a whole: which there are, and in which order."""

    def bend(_: str, script: Script) -> Script:
        there = [step.payload for step in script if isinstance(step, Call) and step.action == action]
        if not there:
            return script
        first = next(n for n, step in enumerate(script) if isinstance(step, Call) and step.action == action)
        rest = [step for step in script if not (isinstance(step, Call) and step.action == action)]
        made = [Call(action, payload) for payload in change(there)]
        return (*rest[:first], *made, *rest[first:])

    return bend


def each(change: Member) -> Callable[[Any], Any]:
    """Change members at any depth."""

    def everywhere(value: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(value, dict):
            return {name: change(name, everywhere(item)) for name, item in value.items()}
        return [everywhere(item) for item in value] if isinstance(value, list) else value

    return everywhere


def every_object(members: Payload) -> Callable[[Any], Any]:
    """Add members to every object at any depth."""

    def everywhere(value: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(value, dict):
            return {name: everywhere(item) for name, item in value.items()} | members
        return [everywhere(item) for item in value] if isinstance(value, list) else value

    return everywhere


def with_members(**members: object) -> Callable[[Payload], Payload]:
    """Set members at the top."""
    return lambda payload: {**payload, **members}


def without(*names: str) -> Callable[[Payload], Payload]:
    """Leave out members at the top."""
    return lambda payload: {name: value for name, value in payload.items() if name not in names}


def only_the_answer(_: str, script: Script) -> Script:
    """Leave out all that should follow an answer."""
    if not any(isinstance(step, Answer) for step in script):
        return script
    return tuple(step for step in script if isinstance(step, Answer))


def answer_last(script: Script) -> Script:
    """Send all that should follow an answer before it."""
    calls = tuple(step for step in script if isinstance(step, Call))
    return (*calls, *(step for step in script if not isinstance(step, Call)))


def late(seconds: float) -> Bend:
    """Answer after a while."""

    def bend(_: str, script: Script) -> Script:
        return (Pause(seconds), *script) if any(isinstance(step, Answer) for step in script) else script

    return bend


def answers(payload: Payload) -> Instead:
    """Answer this, and carry out nothing."""
    return lambda _: (Answer(payload),)


def refuses(code: str, description: str = "") -> Instead:
    """Answer a CALLERROR, and carry out nothing."""
    return lambda _: (Refusal(code, description),)


def dropped(kind: type[Step], actions: Container[str] = ALL) -> Bend:
    """Leave out steps of a kind."""
    return only(actions, lambda script: tuple(step for step in script if not isinstance(step, kind)))
