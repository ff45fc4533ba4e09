"""Every message, one file each, listed here."""

from ocppdiag_ocpp.messages import (
    boot_notification,
    get_log,
    heartbeat,
    log_status_notification,
    status_notification,
)
from ocppdiag_ocpp.profile import Profile

PROFILE = Profile(
    boot_notification.FEATURE,
    get_log.FEATURE,
    heartbeat.FEATURE,
    log_status_notification.FEATURE,
    status_notification.FEATURE,
)
