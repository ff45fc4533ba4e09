"""Histories of the fault suite made by hand: commands that go as they should, and what breaks them."""

from collections import Counter
from dataclasses import replace
from typing import Any

import marks
from histories import Answer, Executed, Heard, Histories, Publish, Sent, Told
from verdict import Span, Verdict

STATION = "CS-1"
STRUCK, HEALED, BOUND = 100.0, 110.0, 15.0
SPAN = Span(STRUCK, HEALED, BOUND, excused=STRUCK)
REPORT = "get_monitoring_report"
ACTION = marks.ACTIONS[REPORT]


def sent(mark: int, at: float, **more: Any) -> Sent:  # noqa: ANN401 (of several types)
    made = Sent(
        at,
        STATION,
        f"c{mark}",
        REPORT,
        ACTION,
        str(mark),
        at + 20,
        repeatable=True,
        publish=Publish.CONFIRMED,
    )
    return replace(made, **more)


def heard(mark: int, at: float, event: str, step: str, **more: object) -> Heard:
    return Heard(
        at,
        {
            "event": event,
            "id": f"{STATION}/c{mark}/{step}",
            "station": STATION,
            "command_id": f"c{mark}",
            **more,
        },
    )


def settled(mark: int, at: float, outcome: str = "completed", failure: str | None = None) -> Heard:
    texts = marks.contents(STATION, ACTION, str(mark))
    monitors = [{"variable": {"instance": text}} for text in texts]
    result = {"kind": "monitoring_report", "parts": len(texts), "monitor": monitors}
    brought = result if outcome == "completed" else None
    return heard(mark, at, "command_settled", "settled", outcome=outcome, failure=failure, result=brought)


def part_told(mark: int, at: float, number: int, text: str, answer: Answer) -> Told:
    monitor = [{"variable": {"instance": text}}]
    payload = {"requestId": mark, "seqNo": number, "tbc": False, "monitor": monitor}
    return Told(at, STATION, 1, "NotifyMonitoringReport", payload, answer)


def part_heard(mark: int, at: float, number: int, text: str) -> Heard:
    monitor = [{"variable": {"instance": text}}]
    kind = "monitoring_report_part_received"
    return heard(mark, at, kind, f"part/{number}", request_id=mark, seq_no=number, monitor=monitor)


def add_one(histories: Histories, mark: int, at: float) -> None:
    """A report that goes as it should."""
    histories.sent.append(sent(mark, at))
    histories.executed.append(Executed(at + 1, STATION, 1, f"m{mark}", ACTION, str(mark)))
    histories.heard.append(heard(mark, at + 1, "command_accepted", "accepted"))
    for number, text in enumerate(marks.contents(STATION, ACTION, str(mark))):
        histories.told.append(part_told(mark, at + 2, number, text, Answer.RESULT))
        histories.heard.append(part_heard(mark, at + 2, number, text))
    histories.heard.append(settled(mark, at + 3))


def good() -> Histories:
    histories = Histories()
    for mark, at in ((1, 90.0), (2, 105.0), (3, 112.0)):
        add_one(histories, mark, at)
    return histories


def promises(verdict: Verdict) -> Counter[str]:
    return Counter(violation.promise for violation in verdict.violations)


def drop(histories: Histories, mark: int, event: str) -> None:
    of_it = [each for each in histories.heard if each.event.get("command_id") == f"c{mark}"]
    histories.heard.remove(next(each for each in of_it if each.event["event"] == event))


def swap(histories: Histories, mark: int, other: Heard) -> None:
    """Another final event in place of the one there is."""
    drop(histories, mark, "command_settled")
    histories.heard.append(other)
