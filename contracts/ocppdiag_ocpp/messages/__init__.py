"""Every message, one file each, listed here."""

from ocppdiag_ocpp.messages import (
    boot_notification,
    clear_variable_monitoring,
    customer_information,
    get_log,
    get_monitoring_report,
    get_variables,
    heartbeat,
    log_status_notification,
    notify_customer_information,
    notify_event,
    notify_monitoring_report,
    security_event_notification,
    send_local_list,
    set_monitoring_base,
    set_monitoring_level,
    set_variable_monitoring,
    status_notification,
    trigger_message,
)
from ocppdiag_ocpp.profile import Profile

PROFILE = Profile(
    boot_notification.FEATURE,
    clear_variable_monitoring.FEATURE,
    customer_information.FEATURE,
    get_log.FEATURE,
    get_monitoring_report.FEATURE,
    get_variables.FEATURE,
    heartbeat.FEATURE,
    log_status_notification.FEATURE,
    notify_customer_information.FEATURE,
    notify_event.FEATURE,
    notify_monitoring_report.FEATURE,
    security_event_notification.FEATURE,
    send_local_list.FEATURE,
    set_monitoring_base.FEATURE,
    set_monitoring_level.FEATURE,
    set_variable_monitoring.FEATURE,
    status_notification.FEATURE,
    trigger_message.FEATURE,
)
