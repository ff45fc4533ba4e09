"""Why a command did not do all that was asked: a closed list, each with what a retry would mean."""

from enum import StrEnum


class Retry(StrEnum):
    """What sending the same wish again, under a new id, would do."""

    SAFE = "safe"
    """The station has not begun: nothing can happen twice."""

    UNKNOWN = "unknown"
    """The station may have begun: ask again only if twice does no harm."""

    NEVER = "never"
    """The answer would be the same."""


class Failure(StrEnum):
    """The reason in a final event that is not `completed`."""

    INVALID_COMMAND = "invalid_command"
    """The command is not of the published shape; `detail` names the field."""

    FORBIDDEN = "forbidden"
    """Its sender may not send it to this station, or its id is that of another sender's command."""

    UNKNOWN_STATION = "unknown_station"
    """No such station is registered, and none of that name was ever connected."""

    NOT_CONNECTED = "not_connected"
    """The station is known and has no connection now."""

    UNSUPPORTED_VERSION = "unsupported_version"
    """The station's protocol version has no such request."""

    BUSY = "busy"
    """Too many calls are waiting for this station already."""

    DESTINATION_NOT_ALLOWED = "destination_not_allowed"
    """The operators of this installation do not let logs go to the command's own destination."""

    TOO_MANY_ITEMS = "too_many_items"
    """The station takes fewer items in one request, and this request cannot be divided."""

    CANCELLED = "cancelled"
    """It was cancelled before the station was asked."""

    UNKNOWN_COMMAND = "unknown_command"
    """There is no such command to cancel, or it is still on its way to us."""

    TOO_LATE = "too_late"
    """The command to cancel has reached the station, or has ended."""

    DEADLINE_PASSED = "deadline_passed"
    """The deadline was over before the station was asked."""

    REJECTED = "rejected"
    """The station answered Rejected."""

    NOT_SUPPORTED = "not_supported"
    """The station answered that it does not know or support the request."""

    STATION_ERROR = "station_error"
    """The station answered with a CALLERROR, or with something that is no answer."""

    CONNECTION_LOST = "connection_lost"
    """The connection went while the call was under way."""

    NO_ANSWER = "no_answer"
    """The station had not answered by the deadline."""

    NOTHING_FOLLOWED = "nothing_followed"
    """The station accepted, and what it then owes had not come by the deadline; `detail` names it."""

    UPLOAD_FAILED = "upload_failed"
    """The station reported that it could not upload the log."""

    UPLOAD_TOO_LARGE = "upload_too_large"
    """The log is larger than the command allows."""

    NO_FILE_RECEIVED = "no_file_received"
    """The station reported the log as uploaded, and no file has come."""

    PARTLY_DONE = "partly_done"
    """Some of it was done; `result` says what."""

    PARTS_MISSING = "parts_missing"
    """Parts of the report have not come; `result` has those that have, and says which have not."""

    REPORT_TOO_LARGE = "report_too_large"
    """The report has more parts or bytes than we keep; `result` has the first of it."""

    LOCAL_LIST_NOT_UPDATED = "local_list_not_updated"
    """The station has cleared the customer, and the token is still on its local list."""

    SUPERSEDED = "superseded"
    """The station dropped this request for a newer one."""

    RECORD_LOST = "record_lost"
    """Our record of the command was lost while it was under way; the station may have done it."""

    INTERNAL_ERROR = "internal_error"
    """A fault of ours; the log of the worker says which."""

    @property
    def retry(self) -> Retry:
        """What a retry would mean."""
        return _RETRY[self]


_RETRY = {
    Failure.INVALID_COMMAND: Retry.NEVER,
    Failure.FORBIDDEN: Retry.NEVER,
    Failure.UNKNOWN_STATION: Retry.NEVER,
    Failure.NOT_CONNECTED: Retry.SAFE,
    Failure.UNSUPPORTED_VERSION: Retry.NEVER,
    Failure.BUSY: Retry.SAFE,
    Failure.DESTINATION_NOT_ALLOWED: Retry.NEVER,
    Failure.TOO_MANY_ITEMS: Retry.NEVER,
    Failure.CANCELLED: Retry.SAFE,
    Failure.UNKNOWN_COMMAND: Retry.SAFE,
    Failure.TOO_LATE: Retry.NEVER,
    Failure.DEADLINE_PASSED: Retry.SAFE,
    Failure.REJECTED: Retry.SAFE,
    Failure.NOT_SUPPORTED: Retry.NEVER,
    Failure.STATION_ERROR: Retry.UNKNOWN,
    Failure.CONNECTION_LOST: Retry.UNKNOWN,
    Failure.NO_ANSWER: Retry.UNKNOWN,
    Failure.NOTHING_FOLLOWED: Retry.UNKNOWN,
    Failure.UPLOAD_FAILED: Retry.SAFE,
    Failure.UPLOAD_TOO_LARGE: Retry.NEVER,
    Failure.NO_FILE_RECEIVED: Retry.UNKNOWN,
    Failure.PARTLY_DONE: Retry.UNKNOWN,
    Failure.PARTS_MISSING: Retry.SAFE,
    Failure.REPORT_TOO_LARGE: Retry.NEVER,
    Failure.LOCAL_LIST_NOT_UPDATED: Retry.UNKNOWN,
    Failure.SUPERSEDED: Retry.SAFE,
    Failure.RECORD_LOST: Retry.UNKNOWN,
    Failure.INTERNAL_ERROR: Retry.UNKNOWN,
}
