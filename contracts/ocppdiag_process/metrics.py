"""What is measured of every process: its event loop, and its certificates where it ends TLS."""

import asyncio
import time

from ocppdiag_metrics import Gauge, Histogram, Metric

SAMPLE_SECONDS = 0.25

LOOP_LAG = Histogram(
    "ocppdiag_loop_lag_seconds",
    "How much later than it should the event loop came round, four times a second.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

CERTIFICATE_ENDS = Gauge(
    "ocppdiag_tls_certificate_not_after_timestamp_seconds",
    "When the first of the certificates in use ends (Unix time), those of chains and of the CA for stations included;"
    " missing: the process ends no TLS.",
)

METRICS: tuple[Metric, ...] = (LOOP_LAG,)
TLS: tuple[Metric, ...] = (CERTIFICATE_ENDS,)
"""Of a process that may end TLS."""


async def sample_loop_lag() -> None:
    """Look for ever how late the loop wakes us."""
    while True:
        due = time.monotonic() + SAMPLE_SECONDS
        await asyncio.sleep(SAMPLE_SECONDS)
        LOOP_LAG.observe(max(0.0, time.monotonic() - due))
