"""Our messages against the official JSON schemas, both ways: the same fields and limits, and neither says more."""

import json
from functools import cache
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_schemas import Schema, as_a_csms_may_send_it, as_we_write_it, instances, judge, mutants, outline

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.receive import UnreadableError, receive

HALVES = ("Request", "Response")

CASES = [
    pytest.param(feature.action, half, id=f"{feature.action}{half}") for feature in PROFILE for half in HALVES
]
a_few = settings(max_examples=15)
each_message = pytest.mark.parametrize(("action", "half"), CASES)


@cache
def _official(action: str, half: str) -> Schema:
    file = resources.files("ocpp.v201.schemas") / f"{action}{half}.json"
    schema: Schema = json.loads(file.read_text(encoding="utf-8-sig"))
    return schema


def _model(action: str, half: str) -> type[OcppModel]:
    shapes = PROFILE.shapes(action, OcppVersion.V201)
    return shapes.request if half == "Request" else shapes.response


@each_message
def test_the_fields_and_limits_are_those_of_the_official_schema(action: str, half: str) -> None:
    official = _official(action, half)
    ours = _model(action, half).model_json_schema(by_alias=True)
    assert outline(ours, ours) == outline(official, official)


@each_message
@a_few
@given(data=st.data())
def test_whatever_our_model_allows_is_valid_on_the_wire(action: str, half: str, data: st.DataObject) -> None:
    model = _model(action, half)
    schema = model.model_json_schema(by_alias=True)
    message = model.model_validate(as_a_csms_may_send_it(data.draw(instances(schema, schema))))
    written = message.to_wire()
    judge(_official(action, half)).validate(json.loads(written))
    assert receive(model, written).violations == ()


@each_message
@a_few
@given(data=st.data())
def test_whatever_the_official_schema_allows_is_read_without_a_violation_and_nothing_of_it_is_lost(
    action: str, half: str, data: st.DataObject
) -> None:
    official = _official(action, half)
    content = data.draw(instances(official, official))
    judge(official).validate(content)
    content = as_a_csms_may_send_it(content)
    received = receive(_model(action, half), json.dumps(content).encode())
    assert received.violations == ()
    assert json.loads(received.message.to_wire()) == as_we_write_it(content, official, official)


@each_message
@a_few
@given(data=st.data())
def test_whatever_the_official_schema_forbids_is_refused_or_mended_and_counted(
    action: str, half: str, data: st.DataObject
) -> None:
    official = _official(action, half)
    content = as_a_csms_may_send_it(data.draw(instances(official, official)))
    mutant = data.draw(mutants(content, official, official))
    assert not judge(official).is_valid(mutant)
    try:
        received = receive(_model(action, half), json.dumps(mutant).encode())
    except UnreadableError:
        return
    assert received.violations
    judge(official).validate(json.loads(received.message.to_wire()))
