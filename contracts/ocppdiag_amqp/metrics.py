"""What is counted and measured of RabbitMQ, in every process."""

from ocppdiag_contracts.topology import EXCHANGES
from ocppdiag_metrics import SECONDS, Counter, Gauge, Histogram, Metric

QUEUES = ("ocppdiag.commands", "ocppdiag.diagnostics", "ocppdiag.gateway")

UP = Gauge(
    "ocppdiag_amqp_up",
    "1 while the connection stands.",
    connection=("publishes", "consumes"),
)
TROUBLE = Gauge(
    "ocppdiag_amqp_trouble",
    "1 while RabbitMQ cannot be used for this reason; `blocked`: its memory or disk is full; `unconfirmed`: it is slow.",
    reason=("disconnected", "blocked", "unconfirmed"),
)
PUBLISHES = Counter(
    "ocppdiag_amqp_publishes_total",
    "Messages published; `unroutable`: returned, nobody takes them; `unconfirmed`: given up.",
    exchange=(exchange.name for exchange in EXCHANGES),
    outcome=("confirmed", "unroutable", "unconfirmed"),
)
REFUSALS = Counter(
    "ocppdiag_amqp_refusals_total",
    "Times that RabbitMQ refused a message (nack), which is then published again.",
)
PUBLISH_SECONDS = Histogram(
    "ocppdiag_amqp_publish_seconds", "From publishing a message to its confirm.", SECONDS
)
BATCH_RECORDS = Histogram(
    "ocppdiag_amqp_batch_records",
    "Records in a published batch.",
    (1, 2, 4, 8, 16, 32, 64, 128, 256),
)
HANDLING_SECONDS = Histogram(
    "ocppdiag_amqp_handling_seconds",
    "From the delivery of a message to its being settled.",
    SECONDS,
    queue=QUEUES,
)
SETTLED = Counter(
    "ocppdiag_amqp_settled_total",
    "Messages taken; `requeued`: we were stopping; `rejected`: our fault; `unsettled`: the connection had gone.",
    queue=QUEUES,
    outcome=("acked", "requeued", "rejected", "unsettled"),
)

METRICS: tuple[Metric, ...] = (
    UP, TROUBLE, PUBLISHES, REFUSALS, PUBLISH_SECONDS, BATCH_RECORDS, HANDLING_SECONDS, SETTLED,
)  # fmt: skip


def family(queue: str) -> str:
    """Which of the queues it is, without its shard or its node."""
    return next((known for known in QUEUES if queue == known or queue.startswith(f"{known}.")), queue)
