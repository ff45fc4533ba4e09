"""What is counted and measured of Redis, in every process that speaks to it."""

from ocppdiag_metrics import Counter, Gauge, Histogram, Metric

UP = Gauge(
    "ocppdiag_redis_up",
    "1 if Redis has answered the last pipeline; a gateway without stations asks every OCPPDIAG_RENEW_SECONDS.",
)
COMMANDS = Counter("ocppdiag_redis_commands_total", "Commands that Redis has answered.")
FAILURES = Counter("ocppdiag_redis_failures_total", "Pipelines that Redis has not answered.")
PIPELINE_SECONDS = Histogram(
    "ocppdiag_redis_pipeline_seconds",
    "From sending a pipeline to its last reply.",
    (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)

METRICS: tuple[Metric, ...] = (UP, COMMANDS, FAILURES, PIPELINE_SECONDS)
