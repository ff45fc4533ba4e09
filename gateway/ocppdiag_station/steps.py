"""What a station does about one thing, as a script of steps: its answer, and the CALLs that go with it. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ocppdiag_ocpp.messages.get_log import GetLogRequest


@dataclass(frozen=True, slots=True)
class Answer:
    """A CALLRESULT; the payload is JSON, which a fault may have bent out of shape."""

    payload: Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A CALLERROR."""

    code: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A CALL of the station's own, whose answer is awaited before the next step."""

    action: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Upload:
    """The beginning of an upload, which then goes on beside the script."""

    request: GetLogRequest


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Vanish:
    """The end of the connection, with no goodbye."""


Step = Answer | Refusal | Call | Upload | Pause | Vanish
Script = tuple[Step, ...]
Bend = Callable[[str, Script], Script]
"""A fault: from what a good station would do to what this one does. The name is the action that it is about: that of
the request that is answered, or of the CALL that the station makes by itself."""


def bent(action: str, script: Script, bends: Iterable[Bend]) -> Script:
    """Put faults to work, one after the other."""
    for bend in bends:
        script = bend(action, script)
    return script
