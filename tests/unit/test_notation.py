"""Components and variables as people write them at a terminal."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from ocppdiag_client.cli.notation import NotAPlaceError, place, read_place
from ocppdiag_contracts.device_model import Component, ComponentVariable, Evse, Variable

names = st.text(st.characters(exclude_characters="#/[]", exclude_categories=["Cs"]), min_size=1, max_size=50)
numbers = st.integers(-(2**31), 2**31 - 1)
evses = st.builds(Evse, id=numbers, connector_id=st.none() | numbers)
components = st.builds(Component, name=names, evse=st.none() | evses, instance=st.none() | names)
variables = st.builds(Variable, name=names, instance=st.none() | names)


@given(components, st.none() | variables)
@example(Component(name="EVSE", evse=Evse(id=0, connector_id=0)), None)
def test_what_is_written_is_read_back(component: Component, variable: Variable | None) -> None:
    assert read_place(place(component, variable)) == ComponentVariable(component=component, variable=variable)


@pytest.mark.parametrize(
    ("text", "component", "variable"),
    [
        ("EVSE", Component(name="EVSE"), None),
        ("EVSE#1", Component(name="EVSE", evse=Evse(id=1)), None),
        ("EVSE#1/Power", Component(name="EVSE", evse=Evse(id=1)), Variable(name="Power")),
        (
            "Connector#1.2/AvailabilityState",
            Component(name="Connector", evse=Evse(id=1, connector_id=2)),
            Variable(name="AvailabilityState"),
        ),
        (
            "MonitoringCtrlr/ItemsPerMessage[SetVariableMonitoring]",
            Component(name="MonitoringCtrlr"),
            Variable(name="ItemsPerMessage", instance="SetVariableMonitoring"),
        ),
        (
            "Sensor[s1]#0/Temperature",
            Component(name="Sensor", instance="s1", evse=Evse(id=0)),
            Variable(name="Temperature"),
        ),
    ],
)
def test_a_place_is_read(text: str, component: Component, variable: Variable | None) -> None:
    assert read_place(text) == ComponentVariable(component=component, variable=variable)


@pytest.mark.parametrize(
    "text",
    ["", "#1", "/Power", "EVSE#", "EVSE#1.", "EVSE#a", "EVSE/", "EVSE[]", "EVSE#1/Power/More", "EVSE[1"],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(NotAPlaceError, match="EVSE#1/Power"):
        read_place(text)


@pytest.mark.parametrize("text", ["x" * 51, "EVSE#9999999999", "EVSE/" + "x" * 51])
def test_what_is_too_large_is_refused_by_the_contract(text: str) -> None:
    with pytest.raises(ValidationError):
        read_place(text)
