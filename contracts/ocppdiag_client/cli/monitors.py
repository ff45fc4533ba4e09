"""`ocppdiag get-monitoring-report` and what changes monitors: set and clear them, their base and their level."""

from typing import Annotated

import typer
from pydantic import TypeAdapter

from ocppdiag_client.cli.asking import Station, asks
from ocppdiag_client.cli.notation import FORM, NotAPlaceError, read_place
from ocppdiag_client.cli.values import contents, told_of
from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    MonitoringBase,
    MonitoringCriterion,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    WantedMonitor,
)
from ocppdiag_contracts.device_model import ComponentVariable, MonitorType

_WANTED = TypeAdapter(list[WantedMonitor])
_ONE = ("--variable", "--type", "--value", "--severity")


@asks(
    GetMonitoringReport,
    tabular=True,
    named={"monitoring_criteria": "--criteria", "component_variable": "--component, --variable"},
)
def get_monitoring_report(
    station: Station,
    *,
    criteria: Annotated[
        list[MonitoringCriterion] | None,
        typer.Option(
            case_sensitive=False,
            metavar="|".join(MonitoringCriterion),
            help="Only monitors of this kind; may be repeated.",
        ),
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(metavar="COMPONENT[#EVSE[.CONNECTOR]]", help="Only on all of this; may be repeated."),
    ] = None,
    variable: Annotated[
        list[str] | None, typer.Option(metavar=FORM, help="Only on this; may be repeated.")
    ] = None,
) -> GetMonitoringReport:
    r"""List a station's monitors.

    Such as `--component EVSE#1 --variable Connector#1.2/Problem`; an instance stands in brackets behind its name,
    `MonitoringCtrlr/ItemsPerMessage\[SetVariableMonitoring]`, which shells may want to have quoted.
    """
    places = [_component(text) for text in component or ()] + [_variable(text) for text in variable or ()]
    return GetMonitoringReport(
        station=station, monitoring_criteria=criteria or None, component_variable=places or None
    )


@asks(SetMonitoringBase, named={"monitoring_base": "BASE"})
def set_monitoring_base(
    station: Station,
    base: Annotated[
        MonitoringBase, typer.Argument(case_sensitive=False, metavar="BASE", help=", ".join(MonitoringBase))
    ],
) -> SetMonitoringBase:
    """Take a station back to a set of monitors: FactoryDefault and HardWiredOnly drop what was added."""
    return SetMonitoringBase(station=station, monitoring_base=base)


@asks(SetMonitoringLevel, named={"severity": "SEVERITY"})
def set_monitoring_level(
    station: Station,
    severity: Annotated[int, typer.Argument(metavar="SEVERITY", help="0 (only danger) to 9 (everything).")],
) -> SetMonitoringLevel:
    """Have a station report only events of this severity or worse."""
    return SetMonitoringLevel(station=station, severity=severity)


@asks(SetVariableMonitoring, tabular=True, named={"set_monitoring_data": "--from"})
def set_variable_monitoring(
    station: Station,
    *,
    variable: Annotated[str | None, typer.Option(metavar=FORM, help="Such as EVSE#1/Power.")] = None,
    kind: Annotated[
        MonitorType | None,
        typer.Option("--type", case_sensitive=False, metavar="|".join(MonitorType), help="What to look for."),
    ] = None,
    value: Annotated[
        float | None, typer.Option(help="The threshold, the delta, or the seconds between.")
    ] = None,
    severity: Annotated[int | None, typer.Option(help="0 (worst) to 9.")] = None,
    transaction: Annotated[bool, typer.Option("--transaction", help="During transactions only.")] = False,
    monitor_id: Annotated[
        int | None, typer.Option("--id", help="Replace this monitor, which is on the same variable.")
    ] = None,
    several: Annotated[
        str | None,
        typer.Option(
            "--from",
            parser=contents,
            metavar="FILE|-",
            help="Several, as a JSON list like `set_monitoring_data`.",
        ),
    ] = None,
) -> SetVariableMonitoring:
    """Have a station watch a variable, or several; with --watch, see them fire."""
    one = (variable, kind, value, severity)
    if several is not None:
        if transaction or (*one, monitor_id) != (None,) * 5:
            raise typer.BadParameter("--from: goes with no other option about a monitor")
        with told_of("--from"):
            monitors = _WANTED.validate_json(several)
        return SetVariableMonitoring(station=station, set_monitoring_data=monitors)
    if variable is None or kind is None or value is None or severity is None:
        missing = [name for name, given in zip(_ONE, one, strict=True) if given is None]
        raise typer.BadParameter(f"{', '.join(missing)}: needed, unless there is --from")
    place = _variable(variable)
    with told_of({name: f"--{name}" for name in ("type", "value", "severity", "id")}):
        monitor = WantedMonitor.model_validate(
            {
                "component": place.component,
                "variable": place.variable,
                "type": kind,
                "value": value,
                "severity": severity,
                "transaction": transaction,
                "id": monitor_id,
            }
        )
    return SetVariableMonitoring(station=station, set_monitoring_data=[monitor])


@asks(ClearVariableMonitoring, tabular=True, named={"monitor_ids": "IDS"})
def clear_variable_monitoring(
    station: Station,
    ids: Annotated[list[int], typer.Argument(metavar="IDS...", help="As the report shows them.")],
) -> ClearVariableMonitoring:
    """Have a station drop monitors."""
    return ClearVariableMonitoring(station=station, monitor_ids=ids)


def _component(text: str) -> ComponentVariable:
    found = _read("--component", text)
    if found.variable:
        raise typer.BadParameter("--component: has a variable; that is --variable")
    return found


def _variable(text: str) -> ComponentVariable:
    found = _read("--variable", text)
    if not found.variable:
        raise typer.BadParameter("--variable: must be such as EVSE#1/Power")
    return found


def _read(option: str, text: str) -> ComponentVariable:
    try:
        with told_of(option):
            return read_place(text)
    except NotAPlaceError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
