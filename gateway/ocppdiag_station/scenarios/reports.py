"""Faults with reports in parts: of monitors, and of customers' data (OCPP 2.0.1 N02, N09)."""

from collections.abc import Callable, Iterable, Iterator

from ocppdiag_station.bends import Parts, answer_last, answers, only, parts, without
from ocppdiag_station.scenario import Scenario
from ocppdiag_station.words import Payload

REPORT, CUSTOMER = "NotifyMonitoringReport", "NotifyCustomerInformation"
ASKED = ("GetMonitoringReport", "CustomerInformation")
SHORT = 2
"""Variables in one part, so that a station of the usual size needs several."""

CROWD, CROWD_PER_PART = 4993, 10
"""With what every station has, 5000 variables in 500 parts."""


def _in_parts(summary: str, change: Callable[[Parts], Iterable[Payload]]) -> Scenario:
    """Bend the parts of both kinds of reports."""
    bends = (parts(REPORT, change), parts(CUSTOMER, change))
    return Scenario(summary, bends=bends, monitors_per_part=SHORT)


def _from_one(there: Parts) -> Parts:
    return [{**part, "seqNo": part["seqNo"] + 1} for part in there]


def _always_zero(there: Parts) -> Parts:
    return [{**part, "seqNo": 0} for part in there]


def _gap(there: Parts) -> Parts:
    return [part for part in there if part["seqNo"] != 1 or len(there) == 1]


def _repeated(there: Parts) -> Parts:
    return [part for part in there for _ in range(2)]


def _conflicting(there: Parts) -> Iterator[Payload]:
    """Say each part twice, the second time with something else in it."""
    for part in there:
        yield part
        if "data" in part:
            yield {**part, "data": part["data"][::-1]}
        else:
            yield {**part, "monitor": [{**item, "variable": {"name": "Other"}} for item in part["monitor"]]}


def _never_ending(there: Parts) -> Parts:
    return [{**part, "tbc": True} for part in there]


def _after_the_end(there: Parts) -> Parts:
    last = there[-1]
    return [*there, {**last, "seqNo": last["seqNo"] + 1}]


def _empty_later(there: Parts) -> Parts:
    """Put nothing into any part but the first, and lose what belonged there."""
    empty: Payload = {"data": ""} if "data" in there[0] else {"monitor": []}
    return [there[0], *({**part, **empty} for part in there[1:])]


def _no_monitor(there: Parts) -> Parts:
    return [there[0], *(without("monitor")(part) for part in there[1:])]


def _one_without_monitor(there: Parts) -> Parts:
    return [{**without("monitor")(there[0]), "tbc": False}]


def _other_id(there: Parts) -> Parts:
    return [*there[:-1], {**there[-1], "requestId": there[-1]["requestId"] + 1000}, there[-1]]


def _no_tbc(there: Parts) -> Parts:
    return [without("tbc")(part) for part in there]


def _no_tbc_at_the_end(there: Parts) -> Parts:
    return [*there[:-1], without("tbc")(there[-1])]


SCENARIOS = {
    "more-monitors": Scenario(
        "reports 5000 variables with monitors in 500 parts",
        sensors=CROWD,
        monitors_per_part=CROWD_PER_PART,
    ),
    "parts-of-one": Scenario("reports one variable in each part", monitors_per_part=1),
    "parts-from-one": _in_parts("counts the parts from 1", _from_one),
    "parts-all-zero": _in_parts("gives each part the seqNo 0", _always_zero),
    "parts-gap": _in_parts("loses the part with seqNo 1", _gap),
    "parts-zero-missing": _in_parts("loses the part with seqNo 0", lambda there: there[1:]),
    "parts-last-missing": _in_parts("loses the last part", lambda there: there[:-1]),
    "parts-repeated": _in_parts("sends each part twice", _repeated),
    "parts-conflicting": _in_parts("sends each seqNo twice, with something else in it", _conflicting),
    "parts-reversed": _in_parts("sends the last part first", lambda there: there[::-1]),
    "parts-never-end": _in_parts("says of the last part too that more will come", _never_ending),
    "parts-after-end": _in_parts("sends one more part after the last", _after_the_end),
    "parts-twice": _in_parts("sends the whole report twice", lambda there: [*there, *there]),
    "parts-empty": _in_parts("has `monitor: []` (or no data) in all parts but the first", _empty_later),
    "parts-no-monitor": _in_parts("leaves `monitor` out of all parts but the first", _no_monitor),
    "report-no-monitor": Scenario(
        "sends one part, with no `monitor`", bends=(parts(REPORT, _one_without_monitor),)
    ),
    "parts-other-id": _in_parts("sends the last part for another requestId too", _other_id),
    "parts-no-tbc": _in_parts("leaves `tbc` out of each part", _no_tbc),
    "parts-no-tbc-at-end": _in_parts("leaves `tbc` out of the last part, as is right", _no_tbc_at_the_end),
    "parts-before-answer": Scenario(
        "sends the parts before the answer", bends=(only(ASKED, answer_last),), monitors_per_part=SHORT
    ),
    "report-empty": Scenario(
        "N02.FR.10: answers EmptyResultSet",
        instead={"GetMonitoringReport": answers({"status": "EmptyResultSet"})},
    ),
    "report-rejected": Scenario(
        "N02: answers Rejected", instead={"GetMonitoringReport": answers({"status": "Rejected"})}
    ),
    "report-not-supported": Scenario(
        "N02.FR.02: answers NotSupported",
        instead={"GetMonitoringReport": answers({"status": "NotSupported"})},
    ),
}
