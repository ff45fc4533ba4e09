"""OCPP's certification tests of a CSMS about setting and clearing monitors, played by an independent station, each by its number."""

from installation import Installation
from ocpp.v201 import call_result
from tester import Payload, ScriptedStation, end_of, scripted_station

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import Failure, Outcome
from ocppdiag_contracts.commands import (
    ClearVariableMonitoring,
    MonitoringBase,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
)
from ocppdiag_contracts.events import (
    Answer,
    ClearMonitoringResult,
    MonitorsCleared,
    MonitorsSet,
    SetMonitoringResult,
)


def delta(component: Payload) -> Payload:
    """Spelled alike in our commands and on the wire."""
    variable = {"name": "AvailabilityState"}
    return {"component": component, "variable": variable, "type": "Delta", "value": 1, "severity": 8}


EVSE_DELTA = delta({"name": "EVSE", "evse": {"id": 1}})
STATION_DELTA = delta({"name": "ChargingStation"})


async def tells_limit(station: ScriptedStation, action: str, items: int) -> None:
    """It is asked how much fits into one request, and tells the number of items."""
    request = await station.asked("GetVariables")
    first, *others = request["getVariableData"]
    limit = {
        "component": {"name": "MonitoringCtrlr"},
        "variable": {"name": "ItemsPerMessage", "instance": action},
    }
    assert first == limit
    told: list[Payload] = [{**first, "attribute_status": "Accepted", "attribute_value": str(items)}]
    told += [{**other, "attribute_status": "UnknownVariable"} for other in others]
    await station.answers(call_result.GetVariables(get_variable_result=told))


async def accepts_monitors(station: ScriptedStation) -> Payload:
    """Accept all of the next request, in another order, and return it."""
    request = await station.asked("SetVariableMonitoring")
    kept = ("component", "variable", "type", "severity")
    results = [
        {**{name: monitor[name] for name in kept}, "id": number, "status": "Accepted"}
        for number, monitor in enumerate(request["setMonitoringData"], start=40)
    ]
    await station.answers(call_result.SetVariableMonitoring(set_monitoring_result=results[::-1]))
    return request


async def sets(station: ScriptedStation, operator: Diagnostics, *monitors: Payload) -> Payload:
    """Set monitors, and return the request; the operator sees each accepted, with the station's id of it."""
    command = SetVariableMonitoring(station=station.id, set_monitoring_data=list(monitors))
    await operator.send(command)
    if len(monitors) > 1:
        await tells_limit(station, "SetVariableMonitoring", 2)
    request = await accepts_monitors(station)
    settled = await end_of(command, operator)
    assert settled.outcome is Outcome.COMPLETED, settled
    wanted = command.set_monitoring_data
    results = [
        SetMonitoringResult(
            **monitor.model_dump(exclude={"id", "value", "transaction"}), id=number, status="Accepted"
        )
        for number, monitor in enumerate(wanted, start=40)
    ]
    assert settled.result == MonitorsSet(results=results)
    return request


async def test_tc_n_08_csms_one_monitor_is_set(installation: Installation, name: str) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        request = await sets(station, operator, EVSE_DELTA)
        assert request == {"setMonitoringData": [EVSE_DELTA]}


async def test_tc_n_09_csms_two_monitors_are_set_in_one_request(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        request = await sets(station, operator, EVSE_DELTA, STATION_DELTA)
        assert request == {"setMonitoringData": [EVSE_DELTA, STATION_DELTA]}


async def test_tc_n_05_csms_all_three_bases_are_set(installation: Installation, name: str) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        for base in ("All", "FactoryDefault", "HardWiredOnly"):
            command = SetMonitoringBase(station=name, monitoring_base=MonitoringBase(base))
            await operator.send(command)
            assert await station.asked("SetMonitoringBase") == {"monitoringBase": base}
            await station.answers(call_result.SetMonitoringBase(status="Accepted"))
            settled = await end_of(command, operator)
            assert settled.outcome is Outcome.COMPLETED, settled
            assert settled.result == Answer(status="Accepted")


async def sets_level(
    station: ScriptedStation, operator: Diagnostics, status: str
) -> tuple[Outcome, Failure | str | None]:
    """Set a level, and return how that ended."""
    command = SetMonitoringLevel(station=station.id, severity=4)
    await operator.send(command)
    assert await station.asked("SetMonitoringLevel") == {"severity": 4}
    await station.answers(call_result.SetMonitoringLevel(status=status))
    settled = await end_of(command, operator)
    assert settled.result == Answer(status=status)
    return settled.outcome, settled.failure


async def test_tc_n_16_csms_the_level_is_set(installation: Installation, name: str) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        assert await sets_level(station, operator, "Accepted") == (Outcome.COMPLETED, None)


async def test_tc_n_17_csms_a_rejected_level_is_shown_as_rejected(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        assert await sets_level(station, operator, "Rejected") == (Outcome.REJECTED, Failure.REJECTED)


async def test_tc_n_18_csms_no_request_clears_more_monitors_than_the_station_takes(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = ClearVariableMonitoring(station=name, monitor_ids=[11, 12, 13, 14, 15])
        await operator.send(command)
        await tells_limit(station, "ClearVariableMonitoring", 2)
        for some in ([11, 12], [13, 14], [15]):
            assert await station.asked("ClearVariableMonitoring") == {"id": some}
            cleared = [{"id": number, "status": "Accepted"} for number in some]
            await station.answers(call_result.ClearVariableMonitoring(clear_monitoring_result=cleared))
        settled = await end_of(command, operator)
        assert settled.outcome is Outcome.COMPLETED, settled
        results = [ClearMonitoringResult(id=number, status="Accepted") for number in command.monitor_ids]
        assert settled.result == MonitorsCleared(results=results)


async def test_tc_n_44_csms_a_monitor_that_is_not_cleared_is_shown_as_rejected(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = ClearVariableMonitoring(station=name, monitor_ids=[11])
        await operator.send(command)
        assert await station.asked("ClearVariableMonitoring") == {"id": [11]}
        refused = [{"id": 11, "status": "Rejected"}]
        await station.answers(call_result.ClearVariableMonitoring(clear_monitoring_result=refused))
        settled = await end_of(command, operator)
        assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.REJECTED)
        assert settled.result == MonitorsCleared(results=[ClearMonitoringResult(id=11, status="Rejected")])
