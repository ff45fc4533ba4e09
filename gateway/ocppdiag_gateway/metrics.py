"""What is counted and measured of the gateway's stations; to count is no I/O, so the pure rooms do it themselves."""

from ocppdiag_contracts import link
from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_metrics import OTHER, SECONDS, Counter, Gauge, Histogram, Metric
from ocppdiag_ocpp.messages import PROFILE

_SECONDS = (*SECONDS, 60.0)
_ACTIONS = tuple(feature.action for feature in PROFILE)

CONNECTIONS = Gauge(
    "ocppdiag_gateway_connections",
    "Stations that are connected, by the OCPP version that they speak.",
    version=(version.value for version in OcppVersion),
)
HANDSHAKES = Counter(
    "ocppdiag_gateway_handshakes_total",
    "Stations that came; `accepted`, or the HTTP status of the refusal, or `late` and `crowded`: it was not finished in"
    " time or made room for another; `unleased`: Redis had no lease for it.",
    outcome=(
        "accepted", "bad_request", "unauthorized", "too_many_requests", "service_unavailable", "late", "crowded", "unleased",
    ),
)  # fmt: skip
DISCONNECTS = Counter(
    "ocppdiag_gateway_disconnects_total",
    "Connections that have ended, by close code; 1006: without one; 4001: a newer one of the same station.",
    code=("1000", "1001", "1002", "1003", "1006", "1007", "1008", "1009", "1011", "4001"),
)
EXPELLED = Counter(
    "ocppdiag_gateway_expelled_total",
    "Connections that the gateway has closed for what the station did, or did not.",
    reason=(
        "what was sent is not read",
        "nothing is heard",
        "too many violations",
        "too many pings",
        "too many fragments",
        "a text that is not UTF-8",
    ),
)
FRAMES = Counter(
    "ocppdiag_gateway_frames_total",
    "OCPP-J frames by direction, message type and action; of an answer, the action that it answers.",
    direction=("received", "sent"),
    type=("call", "callresult", "callerror", "malformed"),
    action=_ACTIONS,
)
CALLS_RECEIVED = FRAMES.row("received", "call")
RESULTS_SENT = FRAMES.row("sent", "callresult")
ERRORS_SENT = FRAMES.row("sent", "callerror")
VIOLATIONS = Counter(
    "ocppdiag_gateway_violations_total",
    "Breaches of OCPP-J, as the log names them (`protocol_violated`).",
    reason=(
        "not a JSON array",
        "no message id",
        "the message type is no integer",
        "unknown message type",
        "a CALL needs an action, which is a string",
        "a CALL has four members",
        "the payload is no object",
        "too much is nested in the payload",
        "a frame is a text message",
        "no action name",
        "long message id",
        "message id repeated",
        "message id in use",
        "too many CALLs",
        "answer to no CALL",
    ),
)
ANSWER_SECONDS = Histogram(
    "ocppdiag_gateway_answer_seconds",
    "From a station's CALL to its answer, through broker and worker.",
    _SECONDS,
)
ANSWERED = ANSWER_SECONDS.row()
ORDER_AGE = Histogram(
    "ocppdiag_gateway_order_age_seconds",
    "From a worker's giving an order to the gateway's taking it, by both their clocks; of the first of each batch.",
    _SECONDS,
)
STATION_SECONDS = Histogram(
    "ocppdiag_gateway_station_seconds", "From a CALL of ours to the station's answer.", _SECONDS
)
CALLS_ENDED = Counter(
    "ocppdiag_gateway_calls_ended_total",
    "CALLs of ours that were sent, by what became of them; `late`: answered after `timed_out`; `lost`: the connection went.",
    outcome=("answered", "errored", "timed_out", "late", "lost"),
)
REFUSALS = Counter(
    "ocppdiag_gateway_refusals_total",
    "Orders of workers that were not carried out; `gone`: the station is not here; `busy`: too many wait for it.",
    reason=("stale", "expired", "busy", "withdrawn", "sent", "gone"),
)

METRICS: tuple[Metric, ...] = (
    CONNECTIONS, HANDSHAKES, DISCONNECTS, EXPELLED, FRAMES, VIOLATIONS, ANSWER_SECONDS, ORDER_AGE, STATION_SECONDS,
    CALLS_ENDED, REFUSALS,
)  # fmt: skip


def malformed(*, answered: bool) -> None:
    """Count what is no frame, and its answer where OCPP owes one."""
    FRAMES.add("received", "malformed", OTHER)
    if answered:
        ERRORS_SENT.add()


def concluded(kind: type[link.Result], action: str = OTHER, seconds: float | None = None) -> None:
    """Count a station's answer: to our CALL under way, that it has kept waiting for so long; to one given up; or to none."""
    answered = kind is link.Answered
    FRAMES.add("received", "callresult" if answered else "callerror", action)
    if seconds is not None:
        CALLS_ENDED.add("answered" if answered else "errored")
        STATION_SECONDS.observe(seconds)
    elif action != OTHER:
        CALLS_ENDED.add("late")
