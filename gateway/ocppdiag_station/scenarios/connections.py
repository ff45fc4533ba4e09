"""Faults with frames and connections (OCPP-J, OCPP 2.0.1 part 4)."""

from typing import Any
from uuid import uuid4

from ocppdiag_ocpp.frames import MessageType
from ocppdiag_station.bends import ALL, late, only, refuses
from ocppdiag_station.scenario import Boots, Scenario, Wire
from ocppdiag_station.steps import Answer, Call, Script, Vanish

LATE_SECONDS = 5
RECONNECTS = 20
NOISE = (b"{", b"\x00", b'{"not":"an array"}', b"[2]", b'[9,"n-1",{}]', b'[3,"n-2",{}]')


def _four_members(members: list[Any]) -> list[Any]:
    return members[:4] if members[0] == MessageType.CALLERROR else members


def _text_details(members: list[Any]) -> list[Any]:
    return [*members[:4], "details"] if members[0] == MessageType.CALLERROR else members


def _null_payload(members: list[Any]) -> list[Any]:
    return [None if member == {} else member for member in members]


def _no_payload(members: list[Any]) -> list[Any]:
    return members[:-1] if members[-1] == {} else members


def _twice(script: Script) -> Script:
    return tuple(step for step in script for _ in range(2 if isinstance(step, Answer) else 1))


def _heartbeat_first(script: Script) -> Script:
    return (Call("Heartbeat", {}), *script)


SCENARIOS = {
    "error-four-members": Scenario(
        "answers all with a CALLERROR of four members, its code misspelt",
        instead={action: refuses("FormationViolation") for action in ALL},
        wire=Wire(members=_four_members),
    ),
    "error-text-details": Scenario(
        "answers all with a CALLERROR whose details are text",
        instead={action: refuses("InternalError", "out of memory") for action in ALL},
        wire=Wire(members=_text_details),
    ),
    "error-unknown-code": Scenario(
        "answers all with a CALLERROR that is in no list",
        instead={action: refuses("NoIdeaWhatYouMean") for action in ALL},
    ),
    "not-implemented": Scenario(
        "answers all with CALLERROR NotImplemented",
        instead={action: refuses("NotImplemented") for action in ALL},
    ),
    "answers-late": Scenario("answers after five seconds", bends=(late(LATE_SECONDS),)),
    "answers-twice": Scenario("sends each answer twice", bends=(only(ALL, _twice),)),
    "grumbles": Scenario("sends a CALLERROR for each CALLRESULT", wire=Wire(grumbles=True)),
    "ids-repeated": Scenario("gives each CALL the same id", wire=Wire(message_id=lambda _: "1")),
    "ids-empty": Scenario("gives each CALL an empty id", wire=Wire(message_id=lambda _: "")),
    "ids-counted": Scenario("counts its CALLs from 0 on each connection", wire=Wire(message_id=str)),
    "ids-long": Scenario(
        "gives its CALLs ids of more than 36 characters",
        wire=Wire(message_id=lambda number: f"station-call-{number}-{uuid4()}"),
    ),
    "payload-null": Scenario(
        "writes null for an empty payload, as its Heartbeats have",
        wire=Wire(members=_null_payload),
        bends=(only(("StatusNotification",), _heartbeat_first),),
    ),
    "payload-missing": Scenario(
        "leaves an empty payload out, as its Heartbeats have",
        wire=Wire(members=_no_payload),
        bends=(only(("StatusNotification",), _heartbeat_first),),
    ),
    "noise": Scenario("writes broken JSON and NUL before each CALL", wire=Wire(noise=NOISE)),
    "speaks-before-boot": Scenario(
        "sends a Heartbeat before its BootNotification",
        bends=(only(("BootNotification",), _heartbeat_first),),
    ),
    "boots-always": Scenario("boots at each reconnect", wire=Wire(boots=Boots.ALWAYS)),
    "boots-never": Scenario("never boots", wire=Wire(boots=Boots.NEVER)),
    "reconnects": Scenario(
        "closes its connection as soon as it is up, and comes again, 20 times",
        wire=Wire(reconnects=RECONNECTS),
    ),
    "vanishes-when-asked": Scenario(
        "is gone whenever it is asked something",
        instead={action: lambda _: (Vanish(),) for action in ALL},
    ),
}
