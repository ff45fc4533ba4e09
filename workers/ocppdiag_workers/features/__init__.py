"""One file per thing OCPP can do, all versions in it, listed here."""

from ocppdiag_workers.features import (
    boot_notification,
    get_log,
    heartbeat,
    log_status_notification,
    security_event_notification,
    status_notification,
)

FEATURES = (
    boot_notification.FEATURE,
    get_log.FEATURE,
    heartbeat.FEATURE,
    log_status_notification.FEATURE,
    security_event_notification.FEATURE,
    status_notification.FEATURE,
)
