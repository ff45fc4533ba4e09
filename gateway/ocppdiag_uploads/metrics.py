"""What is counted and measured of uploads."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from aiohttp import web

from ocppdiag_metrics import Counter, Gauge, Histogram, Metric

_OUTCOMES = {
    HTTPStatus.CREATED: "stored",
    HTTPStatus.CONFLICT: "already_stored",
    HTTPStatus.NOT_FOUND: "unknown_address",
    HTTPStatus.GONE: "address_over",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.BAD_REQUEST: "broken",
    HTTPStatus.REQUEST_TIMEOUT: "cut_off",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}

UPLOADS = Counter(
    "ocppdiag_uploads_total",
    "Uploads by the answer to the station; `unavailable`: it was asked to come again; `cut_off`: it fell silent or went.",
    outcome=_OUTCOMES.values(),
)
BYTES = Counter("ocppdiag_uploads_bytes_total", "Bytes that have come, stored or not.")
UNDER_WAY = Gauge("ocppdiag_uploads_under_way", "Uploads under way.")
SECONDS = Histogram(
    "ocppdiag_uploads_seconds",
    "From the request of an upload that was let in to its answer.",
    (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0),
)

METRICS: tuple[Metric, ...] = (UPLOADS, BYTES, UNDER_WAY, SECONDS)


def answered(status: int) -> None:
    """Count an upload by its answer."""
    UPLOADS.add(_OUTCOMES.get(HTTPStatus(status), ""))


@contextmanager
def refusals() -> Iterator[None]:
    """Count what is refused inside."""
    try:
        yield
    except web.HTTPException as refusal:
        answered(refusal.status)
        raise
