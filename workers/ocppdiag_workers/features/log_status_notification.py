"""LogStatusNotification: how an upload is going, thanked for whatever it says (OCPP N01.FR.07 to .20)."""

from types import MappingProxyType

from ocppdiag_contracts import link
from ocppdiag_contracts.events import LogStatusReported
from ocppdiag_ocpp.messages.log_status_notification import LogStatusNotificationRequest, UploadLogStatus
from ocppdiag_workers import dialect, news
from ocppdiag_workers.feature import Feature, Heard, House
from ocppdiag_workers.features.get_log import FAMILY
from ocppdiag_workers.operation import instant


def heard(called: link.Called, _: House, __: float) -> Heard:
    """News for the operation of its request; for nobody in particular when there is none."""
    message = dialect.read(called, LogStatusNotificationRequest).message
    thanks = dialect.answer(called, {})
    uncorrelated = LogStatusReported(
        id=f"{called.station}/{called.epoch}.{called.seq}",
        time=instant(called.at),
        station=called.station,
        command_id=None,
        request_id=message.request_id,
        status=message.status.value,
    )
    # Idle answers a trigger and may carry any id: it is never news for an operation. 0 is an id like any other.
    if message.request_id is None or message.status is UploadLogStatus.IDLE:
        return Heard(answer=thanks, events=(uncorrelated,))
    return Heard(
        answer=thanks,
        request=(FAMILY, message.request_id),
        news=news.LogStatus(called.at, (called.epoch, called.seq), message.status.value),
        unclaimed=(uncorrelated,),
    )


FEATURE = Feature(hears=MappingProxyType({"LogStatusNotification": heard}))
