"""How much a station takes in one request: what it tells, in however strange a way, and what fits into that."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operations import STATION, Life, answered, begun

from ocppdiag_contracts.commands import ClearVariableMonitoring, GetMonitoringReport
from ocppdiag_contracts.device_model import Component, ComponentVariable, Variable
from ocppdiag_contracts.events import Outcome
from ocppdiag_contracts.failures import Failure
from ocppdiag_workers import limits, news
from ocppdiag_workers.features.get_monitoring_report import FEW
from ocppdiag_workers.limits import FRAME_BYTES, SAFE_ITEMS, Limits, fitting

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
OPERATION = begun(ClearVariableMonitoring(id="c1", station=STATION, monitor_ids=[1, 2]))


def told(name: str, value: object, status: str = "Accepted") -> dict[str, Any]:
    return {
        "attributeStatus": status,
        "component": {"name": "MonitoringCtrlr"},
        "variable": {"name": name},
        **({} if value is None else {"attributeValue": value}),
    }


def read(*results: dict[str, Any]) -> Limits:
    return limits.read(OPERATION, answered({"getVariableResult": list(results)}))


def test_both_limits_are_read_in_any_order_and_spelling() -> None:
    assert read(told("ItemsPerMessage", "4"), told("BytesPerMessage", "2000")) == Limits(4, 2000)
    assert read(told("BYTESPERMESSAGE", "2000"), told("itemsPerMessage", "4")) == Limits(4, 2000)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1", 1),
        ("4.0", 4),
        (" 4 ", 4),
        ("1e2", 100),
        ("0", None),
        ("-3", None),
        ("0.5", None),
        ("", None),
        (None, None),
        ("many", None),
        ("NaN", None),
        ("inf", None),
        ("1e999", None),
        ("9" * 400, None),
    ],
)
def test_what_is_no_number_from_one_up_is_no_limit(text: str | None, items: int | None) -> None:
    assert read(told("ItemsPerMessage", text)) == Limits(items)


@pytest.mark.parametrize(
    "status", ["Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]
)
def test_a_limit_that_is_not_accepted_is_not_told(status: str) -> None:
    assert read(told("ItemsPerMessage", "4", status), told("BytesPerMessage", "90")) == Limits(None, 90)


@pytest.mark.parametrize(
    "item",
    [
        news.TimedOut(1),
        news.Errored(1, "NotSupported", ""),
        news.Answered(1, b""),
        news.Answered(1, b"[]"),
        news.Answered(1, b'{"getVariableResult":[{"attributeStatus":"Accepted"}]}'),
    ],
)
def test_whatever_else_comes_tells_nothing(item: news.Answered | news.Errored | news.TimedOut) -> None:
    assert limits.read(OPERATION, item) == Limits()


@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=40),
    st.none() | st.integers(1, 50),
    st.none() | st.integers(1, 2000),
)
def test_as_many_fit_as_the_limits_allow_and_one_always(
    sizes: list[int], items: int | None, bytes_: int | None
) -> None:
    count = fitting(sizes, Limits(items, bytes_))
    most = min(len(sizes), items or SAFE_ITEMS)
    assert 1 <= count <= most
    if count > 1 and bytes_ is not None:
        assert FRAME_BYTES + sum(sizes[:count]) <= bytes_
    if count < most:
        assert bytes_ is not None
        assert FRAME_BYTES + sum(sizes[: count + 1]) > bytes_, "the next one would have fitted"


def filtered(count: int, version: str = "ocpp2.0.1") -> Life:
    each = [
        ComponentVariable(component=Component(name=f"C{number}"), variable=Variable(name="V"))
        for number in range(count)
    ]
    command = GetMonitoringReport(id="c1", station=STATION, component_variable=each)
    return Life(command, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_long_filter_is_asked_for_only_where_it_fits(version: str) -> None:
    life = filtered(5, version)
    action, content = life.ask()
    assert action == "GetVariables"
    assert {data["component"]["name"] for data in content["getVariableData"]} == {"DeviceDataCtrlr"}
    assert {data["variable"]["instance"] for data in content["getVariableData"]} == {"GetReport"}
    life.hear(answered({"getVariableResult": [told("ItemsPerMessage", str(FEW + 1))]}))
    assert life.asked == 1
    action, content = life.ask()
    assert (action, len(content["componentVariable"])) == ("GetMonitoringReport", FEW + 1)


def test_a_filter_that_the_station_does_not_take_ends_at_once_because_it_cannot_be_divided() -> None:
    life = filtered(FEW + 2)
    life.hear(answered({"getVariableResult": [told("ItemsPerMessage", str(FEW + 1))]}))
    assert (life.end.outcome, life.end.failure) == (Outcome.REJECTED, Failure.TOO_MANY_ITEMS)
    assert life.end.detail == f"component_variable: the station takes {FEW + 1} items at most in one request"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_filter_with_more_bytes_than_the_station_takes_ends_at_once_too(version: str) -> None:
    def limited(most: int) -> Life:
        life = filtered(FEW + 1, version)
        return life.hear(answered({"getVariableResult": [told("BytesPerMessage", str(most))]}))

    _, content = limited(2**20).ask()
    size = FRAME_BYTES + len(json.dumps(content, separators=(",", ":")))
    assert limited(size).ask() == ("GetMonitoringReport", content)
    end = limited(size - 1).end
    assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.TOO_MANY_ITEMS)
    assert end.detail == f"component_variable: the station takes {size - 1} bytes at most in one request"


@pytest.mark.parametrize("item", [news.Errored(1, "NotImplemented", ""), news.TimedOut(1)])
def test_a_long_filter_is_tried_where_the_limit_is_not_told(item: news.News) -> None:
    life = filtered(FEW + 1).hear(item)
    assert life.ask()[0] == "GetMonitoringReport"


def test_a_short_filter_is_asked_for_at_once() -> None:
    assert filtered(4).ask()[0] == "GetMonitoringReport"


def test_a_small_number_is_safe_where_nothing_is_told() -> None:
    assert fitting([1] * 40, Limits()) == fitting([1] * 40, Limits(bytes=1000)) == SAFE_ITEMS
