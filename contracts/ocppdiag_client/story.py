"""What a station of the in-memory double makes of each command: the events, with the ids that workers give them."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from ocppdiag_client.double_station import DoubleStation
from ocppdiag_client.open_command import REQUEST_ID, Begun, Book
from ocppdiag_contracts.commands import (
    Cancel,
    ClearVariableMonitoring,
    Command,
    CustomerInformation,
    GetLog,
    GetMonitoringReport,
    ListCommands,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetVariableMonitoring,
    StationCommand,
    TriggerLogStatus,
)
from ocppdiag_contracts.events import (
    Answer,
    CommandAccepted,
    CommandQueued,
    CommandRepeated,
    CommandSent,
    CommandSettled,
    CommandWaiting,
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
    OpenCommands,
    Outcome,
    TriggeredLogStatus,
    Waiting,
)
from ocppdiag_contracts.failures import Failure
from ocppdiag_contracts.model import now

FILENAME = "station.log"


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one command; `station` is None where there is none, `book` has all commands."""

    begun: Begun
    station: DoubleStation | None
    book: Book

    @property
    def command(self) -> Command:
        """What is told of."""
        return self.begun.command

    def events(self) -> Iterator[Event]:
        """Tell them from the first to the final one; after CommandWaiting, go on when the waiting is over."""
        command, station = self.command, self.station
        yield CommandQueued(
            **self._said("queued"),
            command=command.command,
            request_id=self.begun.request_id,
            deadline=command.due,
        )
        if command.due <= now():
            yield self._ended(Outcome.EXPIRED, Failure.DEADLINE_PASSED)
        elif station is None:
            yield self._ended(Outcome.REJECTED, Failure.UNKNOWN_STATION)
        elif isinstance(command, StationCommand):
            yield from self._asked(command, station)
        else:
            yield from self._carried_out(station)

    def again(self) -> CommandRepeated:
        """Tell how far it is to who has sent it again."""
        return CommandRepeated(
            **self._said(f"repeated/{self.begun.revision}"),
            command=self.command.command,
            request_id=self.begun.request_id,
            deadline=self.command.due,
            state=self.begun.state,
        )

    def _asked(self, command: StationCommand, station: DoubleStation) -> Iterator[Event]:
        until = command.waits_until
        while not station.connected:
            if until is None:
                yield self._ended(Outcome.FAILED, Failure.NOT_CONNECTED)
                return
            yield CommandWaiting(**self._said("waiting/1"), reason=Waiting.NOT_CONNECTED, until=until)
            if self.begun.taken_back:
                yield self._ended(Outcome.CANCELLED, Failure.CANCELLED)
                return
            if until <= now():
                yield self._ended(Outcome.EXPIRED, Failure.NOT_CONNECTED)
                return
        if station.failure:
            yield self._ended(station.outcome, station.failure)
            return
        yield CommandSent(**self._said("sent"))
        yield from self._carried_out(station)

    def _carried_out(self, station: DoubleStation) -> Iterator[Event]:  # noqa: C901 (one case a command)
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
            case Cancel() as command:
                failure = self.book.take_back(command.station, command.command_id)
                yield self._ended(Outcome.REJECTED if failure else Outcome.COMPLETED, failure)
            case ListCommands() as command:
                yield self._ended(Outcome.COMPLETED, result=OpenCommands(commands=self.book.shown(command)))

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
