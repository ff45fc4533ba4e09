"""Components and variables as people write them: `EVSE#1`, `EVSE#1/Power`, `Connector#1.2/AvailabilityState`."""

import re

from ocppdiag_contracts.device_model import Component, ComponentVariable, Evse, Variable

FORM = "COMPONENT[#EVSE[.CONNECTOR]]/VARIABLE"
"""Where an instance is meant, it stands in brackets behind its name, as in MonitoringCtrlr/ItemsPerMessage[Set]."""

_NAME = r"[^#/\[\]]+"
_NUMBER = r"-?\d{1,10}"
_NOTATION = re.compile(
    rf"(?P<component>{_NAME})(\[(?P<component_instance>{_NAME})\])?"
    rf"(#(?P<evse>{_NUMBER})(\.(?P<connector>{_NUMBER}))?)?"
    rf"(/(?P<variable>{_NAME})(\[(?P<variable_instance>{_NAME})\])?)?"
)


class NotAPlaceError(ValueError):
    """The text names no component and no variable."""


def read_place(text: str) -> ComponentVariable:
    """Read a component, or a variable of one.

    Raises:
        NotAPlaceError: it is not written so.
        pydantic.ValidationError: a name is too long, or a number too large.

    """
    found = _NOTATION.fullmatch(text)
    if found is None:
        raise NotAPlaceError("must be such as EVSE#1, EVSE#1/Power or Connector#1.2/AvailabilityState")
    evse, connector, variable = found["evse"], found["connector"], found["variable"]
    return ComponentVariable(
        component=Component(
            name=found["component"],
            instance=found["component_instance"],
            evse=Evse(id=int(evse), connector_id=int(connector) if connector else None) if evse else None,
        ),
        variable=Variable(name=variable, instance=found["variable_instance"]) if variable else None,
    )


def place(component: Component, variable: Variable | None = None) -> str:
    """Write one as `read_place` reads it."""
    evse = f"#{where(component)}" if component.evse else ""
    return f"{named(component)}{evse}" + (f"/{named(variable)}" if variable else "")


def named(thing: Component | Variable) -> str:
    """Write a name with its instance."""
    return f"{thing.name}[{thing.instance}]" if thing.instance else thing.name


def where(component: Component) -> str:
    """Write an EVSE with its connector, as 1.2; nothing when there is none."""
    evse = component.evse
    if evse is None:
        return ""
    return str(evse.id) if evse.connector_id is None else f"{evse.id}.{evse.connector_id}"
