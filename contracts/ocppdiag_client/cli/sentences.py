"""Every event as a sentence. What a station chose is printed without its control characters."""

from ocppdiag_client.cli.notation import place
from ocppdiag_contracts.events import (
    CommandAccepted,
    CommandQueued,
    CommandRepeated,
    CommandSent,
    CommandSettled,
    CommandWaiting,
    ConnectorStatusReported,
    CustomerInformationPartReceived,
    Event,
    EventReported,
    LogBytesReceived,
    LogStatusReported,
    LogStored,
    LogUploadBroken,
    MonitoringReportPartReceived,
    SecurityEventReported,
    StationBooted,
    StationConnected,
    StationDisconnected,
    StationSuspected,
    Suspicion,
    Waiting,
)
from ocppdiag_contracts.model import as_text

LATE_SECONDS = 60
"""An event that happened longer ago than this is told with its own time."""

_WAITING: dict[str, str] = {
    Waiting.NOT_CONNECTED: "for the station, which is not connected or has not booted yet",
    Waiting.BUSY: "for the station, which has others before it",
    Waiting.CONNECTION_LOST: "for the station, whose connection went; it is asked again",
}

_SUSPECTED: dict[str, str] = {
    Suspicion.TAKEOVERS: "two may share its identity",
    Suspicion.WRONG_PROFILE: "somebody came on another security profile",
    Suspicion.INVALID_CERTIFICATE: "somebody came with another certificate",
    Suspicion.WRONG_PASSWORD: "somebody tries passwords",
}


def sentence(event: Event) -> str:
    """Say an event in words."""
    return printable(_words(event))


def printable(text: str) -> str:
    """Replace what would steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _words(event: Event) -> str:  # noqa: C901, PLR0912 (one case an event)
    match event:
        case CommandQueued():
            request = "" if event.request_id is None else f", request {event.request_id}"
            return f"queued    {event.command} {event.command_id}{request}"
        case CommandRepeated():
            return f"repeated  {event.command} {event.command_id} is {event.state}, and is not begun again"
        case CommandWaiting():
            return f"waiting   {_WAITING.get(event.reason, event.reason)}, until {as_text(event.until)}"
        case CommandSent():
            return "sent      the request is on the wire"
        case CommandAccepted():
            return f"accepted  {event.status}" + (f", file {event.filename}" if event.filename else "")
        case LogStatusReported():
            return f"reported  {event.status}" + (
                "" if event.command_id else f" (request {event.request_id}, not ours)"
            )
        case LogBytesReceived():
            return f"received  {event.bytes} bytes" + (f" of {event.total}" if event.total else "")
        case LogUploadBroken():
            return f"broken    the upload ended after {event.bytes} bytes: {event.reason}"
        case LogStored():
            return f"stored    {event.file.size} bytes, sha256 {event.file.sha256}"
        case MonitoringReportPartReceived():
            return f"{_part(event)} of a report with {len(event.monitor)} variables"
        case CustomerInformationPartReceived():
            length = "" if event.data is None else f" with {len(event.data)} characters"
            return f"{_part(event)} of what is known of a customer{length}"
        case CommandSettled():
            why = f": {event.failure}, {event.detail}" if event.failure else ""
            return f"{event.outcome.value:<9} {event.command or 'command'} {event.command_id}{why}"
        case EventReported():
            return _event(event)
        case StationConnected():
            return f"connected to {event.node}, {event.version}"
        case StationDisconnected():
            return f"disconnected from {event.node}" + (f", code {event.code}" if event.code else "")
        case StationSuspected():
            return f"suspected {_SUSPECTED.get(event.reason, event.reason)}: {event.detail}"
        case StationBooted():
            return f"booted    {event.vendor} {event.model} ({event.reason}), answered {event.answered}"
        case ConnectorStatusReported():
            return f"connector {event.evse_id}.{event.connector_id} is {event.status}"
        case SecurityEventReported():
            return f"security  {event.type}" + (f": {event.tech_info}" if event.tech_info else "")


def _part(event: MonitoringReportPartReceived | CustomerInformationPartReceived) -> str:
    return f"received  {'' if event.tbc else 'the last, '}part {event.seq_no}"


def _event(event: EventReported) -> str:
    said = [
        f"event     {place(event.component, event.variable)} is {event.actual_value}",
        "back to normal" if event.cleared else event.trigger,
    ]
    if event.severity is not None:
        said.append(f"severity {event.severity}")
    if event.variable_monitoring_id is not None:
        said.append(f"monitor {event.variable_monitoring_id}")
    if event.cause is not None:
        said.append(f"because of event {event.cause}")
    if event.transaction_id:
        said.append(f"in transaction {event.transaction_id}")
    if abs((event.time - event.happened_at).total_seconds()) > LATE_SECONDS:
        said.append(f"at {as_text(event.happened_at)}")
    tech = " ".join(filter(None, (event.tech_code, event.tech_info)))
    return ", ".join(said) + (f": {tech}" if tech else "")
