"""Events as sentences: what a support engineer reads as they come."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from ocppdiag_client.cli.sentences import sentence
from ocppdiag_client.cli.show import ShowText
from ocppdiag_contracts.device_model import Component, Evse, Variable
from ocppdiag_contracts.events import (
    CommandQueued,
    CommandRepeated,
    CommandSent,
    CommandSettled,
    CommandWaiting,
    CustomerInformationPartReceived,
    CustomerReport,
    Event,
    EventReported,
    MonitoringReportPartReceived,
    Outcome,
    SecurityEventReported,
    Waiting,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
HEAD: dict[str, Any] = {"id": "x", "time": NOW, "station": "CS-1"}
FIRED = EventReported(
    **HEAD,
    event_id=3,
    happened_at=NOW,
    trigger="Alerting",
    event_notification_type="CustomMonitor",
    component=Component(name="EVSE", evse=Evse(id=1)),
    variable=Variable(name="Power"),
    actual_value="22500",
    cleared=False,
    variable_monitoring_id=7,
    severity=2,
)
PART: dict[str, Any] = {**HEAD, "command_id": "one", "request_id": 1, "generated_at": NOW}


def customer(data: str | None, **other: Any) -> CustomerInformationPartReceived:  # noqa: ANN401
    return CustomerInformationPartReceived(**{**PART, "seq_no": 4, "tbc": False, **other}, data=data)


def part(number: int) -> MonitoringReportPartReceived:
    return MonitoringReportPartReceived(**{**PART, "id": f"{number}"}, seq_no=number, tbc=True, monitor=[])


def ended(result: object = None) -> CommandSettled:
    return CommandSettled.model_validate(
        {**HEAD, "command_id": "one", "command": "any", "outcome": Outcome.COMPLETED, "result": result}
    )


def test_an_event_says_what_where_how_bad_and_which_monitor() -> None:
    assert sentence(FIRED) == "event     EVSE#1/Power is 22500, Alerting, severity 2, monitor 7"


def test_an_event_says_what_else_is_known_of_it() -> None:
    update = {
        "cleared": True, "cause": 2, "transaction_id": "t-1", "tech_code": "E7", "tech_info": "relay",
        "happened_at": NOW - timedelta(days=3), "severity": None,
    }  # fmt: skip
    assert sentence(FIRED.model_copy(update=update)) == (
        "event     EVSE#1/Power is 22500, back to normal, monitor 7, because of event 2, in transaction t-1, "
        "at 2026-01-28T12:00:00Z: E7 relay"
    )


def test_of_a_customers_text_only_the_length_is_told_and_to_others_not_even_that() -> None:
    text = sentence(customer("canary"))
    assert "the last, part 4" in text
    assert "6 characters" in text
    assert "canary" not in text
    assert "characters" not in sentence(customer("canary").for_all())


def test_a_command_without_a_request_id_has_none_in_words() -> None:
    queued = CommandQueued(**HEAD, command_id="one", command="cancel", request_id=None, deadline=NOW)
    assert sentence(queued) == "queued    cancel one"


def waits(reason: str = Waiting.NOT_CONNECTED, **other: Any) -> CommandWaiting:  # noqa: ANN401
    return CommandWaiting(**{**HEAD, "command_id": "one", "until": NOW, **other}, reason=reason)


@pytest.mark.parametrize("reason", list(Waiting))
def test_a_command_that_waits_says_why_and_until_when(reason: Waiting) -> None:
    said = sentence(waits(reason))
    assert said.startswith("waiting   for the station, ")
    assert said.endswith("until 2026-01-31T12:00:00Z")
    assert reason.value not in said


def test_a_reason_to_wait_of_a_newer_worker_is_told_as_it_is() -> None:
    assert "asleep" in sentence(waits("asleep"))


def test_a_command_that_came_again_says_how_far_it_is() -> None:
    again = CommandRepeated(
        **HEAD, command_id="one", command="get_log", request_id=7, deadline=NOW, state="sent"
    )
    assert sentence(again) == "repeated  get_log one is sent, and is not begun again"


def test_what_a_station_chose_cannot_steer_the_terminal() -> None:
    told = SecurityEventReported(**HEAD, type="\x1b[2J\n", happened_at=NOW, tech_info="\x07")
    assert sentence(told).isprintable()


def shown(*events: Event, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=150, force_terminal=terminal, color_system=None)
    with ShowText(console) as show:
        for event in events:
            show.event(event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_parts_are_counted_and_not_listed(terminal: bool) -> None:  # noqa: FBT001 (a parameter)
    text = shown(*(part(number) for number in range(1000)), ended(), terminal=terminal)
    assert text.count("received  1000 parts") == 1
    assert len(text.splitlines()) < 100
    assert "received  1 part\n" in shown(part(0), ended())


def drawn(*events: Event, with_station: bool = False) -> str:
    """What a terminal has under the sentences, after these events."""
    console = Console(file=io.StringIO(), width=150, force_terminal=True, color_system=None)
    show = ShowText(console, with_station=with_station)
    for event in events:
        show.event(event)
    assert isinstance(console.file, io.StringIO)
    console.file.truncate(0)
    console.print(show._waiting)
    return console.file.getvalue()


def test_a_command_that_waits_has_a_line_on_a_terminal_until_its_next_step() -> None:
    sent = CommandSent(**HEAD, command_id="one")
    again = CommandRepeated(
        **HEAD, command_id="one", command="get_log", request_id=7, deadline=NOW, state="waiting"
    )
    line = "waits for the station until 2026-01-31T12:00:00Z"
    assert line in drawn(waits())
    assert drawn(waits(), waits(), again).count(line) == 1
    assert drawn(waits(), waits(command_id="two"), sent).count(line) == 1
    assert line not in drawn(waits(), sent)
    assert line not in drawn(waits(), ended())
    assert line not in drawn(waits(), with_station=True)
    assert "waiting   for the station" in shown(waits())


def test_parts_that_belong_to_no_command_are_told_one_by_one() -> None:
    nobodys = part(3).model_copy(update={"command_id": None})
    assert "part 3 of a report" in shown(nobodys)


def test_a_customers_text_is_not_among_the_events_on_a_screen() -> None:
    result = CustomerReport(parts=1, data="canary")
    others = customer("canary", command_id=None)
    assert "canary" not in shown(customer("canary"), others, ended(result))
