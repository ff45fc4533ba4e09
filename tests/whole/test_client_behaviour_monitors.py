"""Monitors, set and listed and cleared: said once and run twice, on the in-memory double and on everything real."""

import pytest
from worlds import WANTED, Client, World, settled

from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    GetMonitoringReport,
    MonitoringBase,
    SetMonitoringBase,
    SetVariableMonitoring,
)
from ocppdiag_contracts.device_model import Component, ComponentVariable, Evse, Monitor, MonitorType, Variable
from ocppdiag_contracts.events import MonitoringReport, MonitorsCleared, MonitorsSet, Outcome
from ocppdiag_contracts.failures import Failure


async def monitors(client: Client, station: str) -> list[Monitor]:
    report = (await settled(client, GetMonitoringReport(station=station))).result
    assert isinstance(report, MonitoringReport)
    return [monitor for data in report.monitor or () for monitor in data.variable_monitoring]


async def test_a_monitor_that_is_set_is_reported_until_it_is_cleared(world: World, name: str) -> None:
    async with world() as client:
        before = {monitor.id for monitor in await monitors(client, name)}
        end = await settled(client, SetVariableMonitoring(station=name, set_monitoring_data=[WANTED]))
        assert isinstance(end.result, MonitorsSet)
        (result,) = end.result.results
        assert (result.status, result.component, result.severity) == ("Accepted", WANTED.component, 7)
        assert result.id is not None
        added = [monitor for monitor in await monitors(client, name) if monitor.id not in before]
        assert [(monitor.id, monitor.value) for monitor in added] == [(result.id, 44.5)]

        other = WANTED.model_copy(update={"id": result.id, "value": 50.0})
        end = await settled(client, SetVariableMonitoring(station=name, set_monitoring_data=[other]))
        assert end.outcome is Outcome.COMPLETED
        changed = [monitor.value for monitor in await monitors(client, name) if monitor.id == result.id]
        assert changed == [50.0]

        end = await settled(client, ClearVariableMonitoring(station=name, monitor_ids=[result.id]))
        assert end.outcome is Outcome.COMPLETED
        assert {monitor.id for monitor in await monitors(client, name)} == before


async def test_a_report_is_of_what_was_asked_for(world: World, name: str) -> None:
    delta = WANTED.model_copy(update={"type": MonitorType.DELTA, "value": 5.0})
    place = ComponentVariable(component=Component(name="evse"), variable=Variable(name="TEMPERATURE"))
    other = ComponentVariable(component=Component(name="EVSE", evse=Evse(id=7)))
    async with world() as client:
        await settled(client, SetVariableMonitoring(station=name, set_monitoring_data=[WANTED, delta]))

        async def listed(**filters: object) -> set[tuple[str, float]]:
            wish = GetMonitoringReport.model_validate({"station": name, **filters})
            end = await settled(client, wish)
            assert end.outcome is Outcome.COMPLETED
            assert isinstance(end.result, MonitoringReport)
            assert end.result.monitor is not None
            assert all(data.variable_monitoring for data in end.result.monitor)
            found = [monitor for data in end.result.monitor for monitor in data.variable_monitoring]
            return {(monitor.type, monitor.value) for monitor in found}

        everything = await listed()
        assert {("UpperThreshold", 22000), ("UpperThreshold", 44.5), ("Delta", 5)} <= everything
        deltas = await listed(monitoring_criteria=["DeltaMonitoring"])
        assert deltas == {monitor for monitor in everything if monitor[0] == "Delta"}
        both = ["ThresholdMonitoring", "DeltaMonitoring"]
        assert await listed(monitoring_criteria=both) == everything
        there = await listed(component_variable=[other, place])
        assert {("UpperThreshold", 44.5), ("Delta", 5)} <= there
        assert ("UpperThreshold", 22000) not in there
        assert await listed(component_variable=[place], monitoring_criteria=["DeltaMonitoring"]) == {
            ("Delta", 5)
        }
        assert await listed(component_variable=[other]) == set()
        assert await listed(monitoring_criteria=["PeriodicMonitoring"]) == set()


@pytest.mark.parametrize("base", list(MonitoringBase))
async def test_what_was_set_is_dropped_by_every_base_but_all(
    world: World, name: str, base: MonitoringBase
) -> None:
    async with world() as client:
        await settled(client, SetVariableMonitoring(station=name, set_monitoring_data=[WANTED]))
        await settled(client, SetMonitoringBase(station=name, monitoring_base=base))
        values = [monitor.value for monitor in await monitors(client, name)]
        assert (WANTED.value in values) is (base is MonitoringBase.ALL)
        assert values


async def test_each_id_that_is_to_be_cleared_has_a_result(world: World, name: str) -> None:
    async with world() as client:
        made = await settled(client, SetVariableMonitoring(station=name, set_monitoring_data=[WANTED]))
        assert isinstance(made.result, MonitorsSet)
        known = made.result.results[0].id
        assert known is not None
        end = await settled(client, ClearVariableMonitoring(station=name, monitor_ids=[4711, known]))
        assert (end.outcome, end.failure) == (Outcome.FAILED, Failure.PARTLY_DONE)
        assert isinstance(end.result, MonitorsCleared)
        statuses = [(result.id, result.status) for result in end.result.results]
        assert statuses == [(4711, "NotFound"), (known, "Accepted")]
        end = await settled(client, ClearVariableMonitoring(station=name, monitor_ids=[4711]))
        assert (end.outcome, end.failure) == (Outcome.REJECTED, Failure.REJECTED)
        assert isinstance(end.result, MonitorsCleared)
