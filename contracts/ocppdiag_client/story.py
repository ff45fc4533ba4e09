"""What a station of the in-memory double makes of each command: the events, with the ids that workers give them."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from ocppdiag_client.double_station import DoubleStation
from ocppdiag_contracts.commands import (
    Cancel,
    ClearVariableMonitoring,
    Command,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    TriggerLogStatus,
)
from ocppdiag_contracts.events import (
    Answer,
    CommandAccepted,
    CommandQueued,
    CommandSent,
    CommandSettled,
    CustomerInformationPartReceived,
    CustomerReport,
    Event,
    LogElsewhere,
    LogFile,
    LogStatusReported,
    LogStored,
    MonitoringReport,
    MonitoringReportPartReceived,
    MonitorsCleared,
    MonitorsSet,
    Outcome,
    TriggeredLogStatus,
)
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now

REQUEST_ID = 1
FILENAME = "station.log"


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one command; `station` is None where there is none, `known` says whether another was sent."""

    command: Command
    station: DoubleStation | None
    known: bool

    def events(self) -> Iterator[Event]:
        """Tell them from the first to the final one."""
        command, station = self.command, self.station
        numbered = isinstance(command, GetLog | GetMonitoringReport | CustomerInformation)
        yield CommandQueued(
            **self._said("queued"),
            command=command.command,
            request_id=REQUEST_ID if numbered else None,
            deadline=command.due,
        )
        if command.due <= now():
            yield self._ended(Outcome.EXPIRED, Failure.DEADLINE_PASSED)
        elif station is None:
            yield self._ended(Outcome.REJECTED, Failure.UNKNOWN_STATION)
        elif station.failure:
            yield self._ended(station.outcome, station.failure)
        else:
            if not isinstance(command, Cancel):
                yield CommandSent(**self._said("sent"))
            yield from self._carried_out(station)

    def _carried_out(self, station: DoubleStation) -> Iterator[Event]:
        match self.command:
            case GetLog() as command:
                yield from self._log(command, station)
            case GetMonitoringReport() as command:
                yield from self._monitors(command, station)
            case CustomerInformation() as command:
                yield from self._customer(command, station)
            case SetVariableMonitoring() as command:
                monitors = MonitorsSet(results=[station.watch(one) for one in command.set_monitoring_data])
                yield self._item_by_item(monitors)
            case ClearVariableMonitoring() as command:
                yield self._item_by_item(MonitorsCleared(results=[*map(station.drop, command.monitor_ids)]))
            case SetMonitoringBase() as command:
                station.reset(command.monitoring_base)
                yield self._ended(Outcome.COMPLETED, result=Answer(status="Accepted"))
            case SetMonitoringLevel():
                yield self._ended(Outcome.COMPLETED, result=Answer(status="Accepted"))
            case TriggerLogStatus():
                yield self._accepted()
                yield self._ended(
                    Outcome.COMPLETED, result=TriggeredLogStatus(status="Idle", request_id=None)
                )
            case Cancel():
                yield self._ended(
                    Outcome.REJECTED, Failure.TOO_LATE if self.known else Failure.UNKNOWN_COMMAND
                )

    def _log(self, command: GetLog, station: DoubleStation) -> Iterator[Event]:
        yield self._accepted(FILENAME)
        yield self._log_status("1.1", "Uploading")
        if command.remote_location:
            host = urlsplit(command.remote_location).hostname or ""
            yield self._log_status("1.2", "Uploaded")
            yield self._ended(Outcome.COMPLETED, result=LogElsewhere(host=host, filename=FILENAME))
            return
        file = LogFile(
            location=f"memory:///{command.station}/{command.id}.log",
            size=len(station.log),
            sha256=sha256(station.log).hexdigest(),
            filename=FILENAME,
        )
        yield LogStored(**self._said("stored"), file=file)
        yield self._log_status("1.2", "Uploaded")
        yield self._ended(Outcome.COMPLETED, result=file.model_copy(update={"reported": "Uploaded"}))

    def _monitors(self, command: GetMonitoringReport, station: DoubleStation) -> Iterator[Event]:
        parts = station.report(command)
        if parts:
            yield self._accepted()
        for number, monitors in enumerate(parts):
            yield MonitoringReportPartReceived(**self._part(number, len(parts)), monitor=monitors)
        result = MonitoringReport(parts=len(parts), monitor=[one for part in parts for one in part])
        yield self._ended(Outcome.COMPLETED, result=result)

    def _customer(self, command: CustomerInformation, station: DoubleStation) -> Iterator[Event]:
        yield self._accepted()
        parts = station.tell(command)
        for number, text in enumerate(parts):
            yield CustomerInformationPartReceived(**self._part(number, len(parts)), data=text)
        listed = None if command.local_list_version is None else "Accepted"
        result = CustomerReport(parts=len(parts), data="".join(parts), local_list=listed)
        yield self._ended(Outcome.COMPLETED, result=result)

    def _item_by_item(self, result: MonitorsSet | MonitorsCleared) -> CommandSettled:
        good = [one for one in result.results if one.status == "Accepted"]
        if len(good) == len(result.results):
            return self._ended(Outcome.COMPLETED, result=result)
        if good:
            return self._ended(Outcome.FAILED, Failure.PARTLY_DONE, result)
        return self._ended(Outcome.REJECTED, Failure.REJECTED, result)

    def _accepted(self, filename: str | None = None) -> CommandAccepted:
        return CommandAccepted(**self._said("accepted"), status="Accepted", filename=filename)

    def _log_status(self, stamp: str, status: str) -> LogStatusReported:
        return LogStatusReported(**self._said(f"status/{stamp}"), request_id=REQUEST_ID, status=status)

    def _part(self, number: int, count: int) -> dict[str, Any]:
        return {
            **self._said(f"part/{number}"),
            "request_id": REQUEST_ID,
            "seq_no": number,
            "tbc": number + 1 < count,
            "generated_at": now(),
        }

    def _said(self, step: str) -> dict[str, Any]:
        return {
            "id": f"{self.command.station}/{self.command.id}/{step}",
            "time": now(),
            "station": self.command.station,
            "command_id": self.command.id,
        }

    def _ended(
        self, outcome: Outcome, failure: Failure | None = None, result: object = None
    ) -> CommandSettled:
        return CommandSettled.model_validate(
            {
                **self._said("settled"),
                "command": self.command.command,
                "outcome": outcome,
                "failure": failure,
                "retry": failure.retry if failure else None,
                "result": result,
            }
        )
