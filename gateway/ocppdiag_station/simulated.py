"""A simulated station: `Answers` with a connection, a clock, and logs that it really uploads."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from websockets.exceptions import ConnectionClosed

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.device_model import Component, Evse, Variable
from ocppdiag_ocpp.messages.heartbeat import HeartbeatRequest
from ocppdiag_station import notices
from ocppdiag_station.acting import Acting
from ocppdiag_station.connection import CallFailedError, StationConnection
from ocppdiag_station.customers import CUSTOMERS, Customer, Customers, LocalList
from ocppdiag_station.device import DEFAULT_EVSES, Key, device, key_of
from ocppdiag_station.device_model import DeviceModel
from ocppdiag_station.scenario import Boots, Scenario
from ocppdiag_station.scenarios import SCENARIOS

log = structlog.get_logger()


def _now() -> datetime:
    return datetime.now(UTC)


class SimulatedStation(Acting):
    """A ChargingStationHandler with a connection.

    `bytes_per_second`, `sensors` (more variables, each with one monitor) and `monitors_per_part` take the place of
    what the scenario says. A station that has booted once boots no more when it `run`s again, as after a lost link.
    """

    def __init__(
        self,
        station: str,
        *,
        password: str | None = None,
        version: OcppVersion = OcppVersion.V201,
        scenario: Scenario = SCENARIOS["good"],
        bytes_per_second: float | None = None,
        evses: int = DEFAULT_EVSES,
        sensors: int | None = None,
        monitors_per_part: int | None = None,
        customers: Iterable[Customer] = CUSTOMERS,
    ) -> None:
        scenario = replace(
            scenario,
            log=replace(scenario.log, bytes_per_second=bytes_per_second or scenario.log.bytes_per_second),
            sensors=scenario.sensors if sensors is None else sensors,
            monitors_per_part=monitors_per_part or scenario.monitors_per_part,
        )
        super().__init__(
            station,
            version,
            scenario,
            _now,
            device=DeviceModel(device(evses, scenario.sensors), now=_now()),
            known=Customers(customers),
            local_list=LocalList(),
        )
        for name, value in scenario.values.items():
            self.device.set(_named(name), value, _now())
        self.booted = asyncio.Event()
        """The station is up: let in by the CSMS, and its connector's state is told."""

        self._password = password

    async def run(self, url: str) -> None:
        """Connect and live until the connection ends. Raises ConnectionRefusedByGatewayError."""
        for left in reversed(range(self._scenario.wire.reconnects + 1)):
            await self._run_once(url, stay=left == 0)

    async def _run_once(self, url: str, *, stay: bool) -> None:
        self._connection = await StationConnection.open(
            url,
            self.station,
            password=self._password,
            version=self._version,
            asked=self._asked,
            wire=self._scenario.wire,
        )
        life = asyncio.create_task(self._live(stay=stay))
        try:
            await self._connection.run()
            log.info("connection_ended", station=self.station, code=self._connection.ended)
        finally:
            for task in (life, *self._uploads.values()):
                task.cancel()
            await self._connection.close()
            await asyncio.gather(life, *self._uploads.values(), return_exceptions=True)

    async def close(self) -> None:
        """Say goodbye."""
        await self._connection.close()

    async def set_variable(
        self,
        component: str,
        variable: str,
        value: object,
        *,
        evse: int | None = None,
        connector: int | None = None,
        instance: str | None = None,
    ) -> None:
        """Change a variable, and tell the CSMS when that makes a monitor fire; `instance` is the component's.

        Raises:
            UnknownVariableError: the station has no such variable.
            CallFailedError, TimeoutError, ConnectionClosed: the CSMS was not told.

        """
        key = _key(component, variable, evse, connector, instance)
        fired = self.device.set(key, _text(value), self._clock())
        if fired:
            await self._do("NotifyEvent", self.event(fired))

    async def notify(
        self,
        component: str,
        variable: str,
        value: object,
        *,
        evse: int | None = None,
        connector: int | None = None,
        tech_code: str | None = None,
        tech_info: str | None = None,
    ) -> None:
        """Tell something that no monitor is behind: a HardWiredNotification. Raises as `set_variable`."""
        key = _key(component, variable, evse, connector, None)
        fired = self.device.notification(key, _text(value), self._clock(), tech_code, tech_info)
        await self._do("NotifyEvent", self.event([fired]))

    async def security_event(self, kind: str, tech_info: str | None = None) -> None:
        """Tell of a security event. Raises ValidationError in 2.0 for one that is not in its list; else as above."""
        await self._say(notices.security_event(kind, tech_info, self._clock()))

    async def _live(self, *, stay: bool) -> None:
        """Boot where that is due, then beat, and tell what periodic monitors have to tell."""
        try:
            await self._come_up()
            if not stay:
                await self._connection.close()
                return
            await self._beat()
        except (ConnectionClosed, CallFailedError, TimeoutError) as error:
            self._log.warning("station_stopped_living", error=str(error))

    async def _come_up(self) -> None:
        boots = self._scenario.wire.boots
        if boots is Boots.ALWAYS:
            self.accepted = False
        while not (self.accepted or boots is Boots.NEVER):
            await self._say(notices.boot(self.station))
            if not self.accepted:
                await asyncio.sleep(self._interval)
        for evse, connector in self.device.delivered.connectors():
            status = notices.connector_status(self.device, evse, connector, self._clock())
            if status:
                await self._say(status)
        self.booted.set()

    async def _beat(self) -> None:
        beat = self._clock() + timedelta(seconds=self._interval)
        while True:
            at = min(beat, self.device.next_due() or beat)
            # Not wait_for, which before Python 3.12 can lose a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout((at - self._clock()).total_seconds()):
                    await self._stir.wait()
            self._stir.clear()
            fired = self.device.tick(self._clock())
            if fired:
                await self._do("NotifyEvent", self.event(fired))
            if self._clock() >= beat:
                await self._say(HeartbeatRequest())
                beat = self._clock() + timedelta(seconds=self._interval)


def _key(component: str, variable: str, evse: int | None, connector: int | None, instance: str | None) -> Key:
    where = Component(
        name=component,
        instance=instance,
        evse=None if evse is None else Evse(id=evse, connector_id=connector),
    )
    return key_of(where, Variable(name=variable))


def _named(text: str) -> Key:
    """Read `Component.Variable[instance]`."""
    component, _, rest = text.partition(".")
    variable, _, instance = rest.rstrip("]").partition("[")
    return key_of(Component(name=component), Variable(name=variable, instance=instance or None))


def _text(value: object) -> str:
    """Write a value as OCPP does: everything is text."""
    return str(value).lower() if isinstance(value, bool) else str(value)
