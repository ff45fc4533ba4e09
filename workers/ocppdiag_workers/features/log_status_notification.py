"""LogStatusNotification: how an upload is going, thanked for whatever it says (OCPP N01.FR.07 to .20)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import Event, LogStatusReported
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationRequest, UploadLogStatus
from ocppdiag_workers import dialect, news
from ocppdiag_workers.feature import Feature, Heard, House, Inform
from ocppdiag_workers.features import get_log, trigger_log_status


def heard(called: link.Called, _: House, __: float) -> Heard:
    """News for the operation of its request, and for whoever has asked the station to say how it is going."""
    received = dialect.read(called, LogStatusNotificationRequest)
    message = received.message
    thanks = dialect.thanks(called)

    def uncorrelated() -> tuple[Event, ...]:
        event = LogStatusReported(
            **dialect.told(called, received),
            command_id=None,
            request_id=message.request_id,
            status=message.status.value,
        )
        return (event,)

    status = news.LogStatus(
        called.at,
        (called.epoch, called.seq),
        message.status.value,
        message.request_id,
        received.violations,
        dialect.as_sent(called, received),
    )
    triggered = Inform(status, family=trigger_log_status.FAMILY)
    # Idle answers a trigger and may carry any id: it is never news for an upload. 0 is an id like any other.
    if message.status is UploadLogStatus.IDLE:
        return Heard(thanks, events=uncorrelated(), informs=(triggered,))
    # Without an id of ours it is the only upload's, if there is only one; what was cancelled needs its name.
    cancelled = message.status is UploadLogStatus.ACCEPTED_CANCELED
    uploading = Inform(
        status,
        request=None if message.request_id is None else (get_log.FAMILY, message.request_id),
        assumed=None if cancelled else get_log.FAMILY,
        unclaimed=uncorrelated,
    )
    return Heard(thanks, informs=(uploading, triggered))


FEATURE = Feature(hears=MappingProxyType({"LogStatusNotification": heard}))
