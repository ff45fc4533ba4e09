"""Commands and events of any content that is allowed, for hypothesis: made from the models, limits and all."""

import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel

from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    CommandModel,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    IfOffline,
    SetVariableMonitoring,
    StationCommand,
    WantedMonitor,
)
from ocppdiag_contracts.commands.set_variable_monitoring import DECIMALS
from ocppdiag_contracts.device_model import MonitorType
from ocppdiag_contracts.model import MAX_INTEGER

M = TypeVar("M", bound=BaseModel)
Fields = dict[str, Any]
Strategy = st.SearchStrategy[Any]

MOST = 3
"""Of what comes in lists."""

SPECIAL: Mapping[str, Strategy] = {
    "station": st.from_regex(r"[A-Za-z0-9*_=+|@-]{1,48}", fullmatch=True),
    "remote_location": st.none() | st.just("sftp://user:secret@logs.example.com:22/in/"),
}
"""Members whose type alone does not say what may be in them."""

moments = st.datetimes(max_value=datetime(9990, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 (hypothesis adds it)
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
plain = st.none() | st.booleans() | st.integers(0, 9) | st.text(st.characters(exclude_categories=["Cs"]))


def made(model: type[M], **members: Strategy) -> st.SearchStrategy[M]:
    """Anything that the model allows, with some members as they are given."""
    drawn = {
        name: SPECIAL[name] if name in SPECIAL else _values(field.annotation, field.metadata)
        for name, field in model.model_fields.items()
    }
    return st.fixed_dictionaries(drawn | members).map(
        lambda fields: model.model_validate(_arranged(model, fields))
    )


def _values(annotation: Any, limits: list[Any]) -> Strategy:  # noqa: ANN401 (any annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        more = [part for item in inner[1:] for part in getattr(item, "metadata", [item])]
        return _values(inner[0], [*limits, *more])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([_values(choice, limits) for choice in inner])
    if origin is list:
        return st.lists(_values(inner[0], []), min_size=_limit(limits, "min_length", 0), max_size=MOST)
    if origin is dict:  # of a kind that is not known here
        return st.dictionaries(_texts([]), plain, max_size=MOST).map(lambda found: {**found, "kind": "newer"})
    return _simple(annotation, limits)


def _simple(kind: type[Any], limits: list[Any]) -> Strategy:
    if issubclass(kind, BaseModel):
        return made(kind)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if kind in (datetime, AwareDatetime):
        return moments
    if kind is str:
        return _texts(limits)
    if kind is int:
        below = _limit(limits, "lt", MAX_INTEGER + 1)
        return st.integers(_limit(limits, "ge", -MAX_INTEGER - 1), _limit(limits, "le", below - 1))
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    return st.from_type(kind)


def _texts(limits: list[Any]) -> Strategy:
    if pattern := _limit(limits, "pattern"):
        return st.from_regex(pattern.removesuffix("$") + r"\Z")
    most = min(_limit(limits, "max_length", 20), 20)
    return st.text(
        st.characters(exclude_categories=["Cs"]), min_size=_limit(limits, "min_length", 0), max_size=most
    )


def _limit(limits: list[Any], name: str, otherwise: Any = None) -> Any:  # noqa: ANN401 (of any type)
    return next((found for item in limits if (found := getattr(item, name, None)) is not None), otherwise)


def _arranged(model: type[BaseModel], fields: Fields) -> Fields:
    """Bring members into order that have to do with each other."""
    if issubclass(model, CommandModel) and fields["deadline"]:
        fields["deadline"] = fields["time"] + (fields["deadline"] - fields["time"]) % timedelta(days=7)
    if issubclass(model, StationCommand) and fields["wait_until"]:
        fields |= _waiting(fields)
    arrange = _ARRANGE.get(model)
    return fields | arrange(fields) if arrange else fields


def _waiting(fields: Fields) -> Fields:
    at, limit = fields["time"], fields["deadline"] or fields["time"] + timedelta(days=7)
    until = min(limit, at + (fields["wait_until"] - at) % timedelta(days=7))
    return {"wait_until": until if fields["if_offline"] is IfOffline.WAIT else None}


def _log(fields: Fields) -> Fields:
    period = [fields[name] for name in ("oldest_timestamp", "latest_timestamp")]
    ordered = sorted(period) if all(period) else period
    return {
        "oldest_timestamp": ordered[0],
        "latest_timestamp": ordered[1],
        "max_bytes": None if fields["remote_location"] else fields["max_bytes"],
    }


def _customer(fields: Fields) -> Fields:
    names = ("id_token", "customer_certificate", "customer_identifier")
    first = next((name for name in names if fields[name]), None)
    chosen = {name: fields[name] if name == first else None for name in names}
    if first is None:
        chosen["customer_identifier"] = "one"
    clear = fields["clear"] or not fields["report"]
    listed = fields["local_list_version"] if clear and first == "id_token" else None
    return chosen | {"clear": clear, "local_list_version": listed}


def _monitor(fields: Fields) -> Fields:
    value = round(math.fmod(fields["value"], 10**9), DECIMALS)
    return {"value": abs(value) if fields["type"] is MonitorType.DELTA else value}


def _once(name: str, key: Callable[[Any], Any] = lambda item: item) -> Callable[[Fields], Fields]:
    return lambda fields: {
        name: list({key(item): item for item in fields[name]}.values()) if fields[name] else None
    }


_ARRANGE: Mapping[type[BaseModel], Callable[[Fields], Fields]] = {
    GetLog: _log,
    CustomerInformation: _customer,
    WantedMonitor: _monitor,
    SetVariableMonitoring: _once("set_monitoring_data", lambda monitor: monitor.key),
    ClearVariableMonitoring: _once("monitor_ids"),
    GetMonitoringReport: _once("monitoring_criteria"),
}
