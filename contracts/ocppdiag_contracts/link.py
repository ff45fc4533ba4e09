"""What gateways, upload receivers and workers say to each other: small records in JSON, batched in an array.

A batch is one AMQP message whose body is a JSON array of these records; an OCPP payload inside is passed on byte
for byte. Every record has a schema version `v`, a time `at` (seconds since 1970, UTC), and an id made of what it
says: station + epoch + seq for what comes from a station, `message_id` or `tag` for the rest.
"""

from msgspec import Raw, Struct
from msgspec.json import Decoder, Encoder

VERSION = 1


class Up(Struct, frozen=True, kw_only=True):
    """What a gateway says of one connection.

    `epoch` grows with every connection of the station and `seq` within it: together they put all records of a
    station in order.
    """

    station: str
    node: str
    connection: str
    epoch: int
    seq: int
    at: float
    version: str
    v: int = VERSION


class Called(Up, frozen=True, tag_field="kind", tag="call"):
    """The station's own CALL, which waits for an `Answer` or `Refuse`."""

    message_id: str
    action: str
    payload: Raw


class Result(Up, frozen=True, kw_only=True):
    """What became of a `Call` or `Withdraw`: it comes back with the owner, tag and action of the question."""

    owner: str
    tag: str
    action: str


class Sent(Result, frozen=True, tag_field="kind", tag="sent"):
    """The CALL was written to the socket."""


class Answered(Result, frozen=True, tag_field="kind", tag="result"):
    """The station's CALLRESULT, `late` if it came after the time limit; `{}` where a `Withdraw` was carried out."""

    payload: Raw
    late: bool = False


class Errored(Result, frozen=True, tag_field="kind", tag="error"):
    """The station's CALLERROR, or a CALLRESULT that could not be read (`code` is then `FormatViolation`)."""

    code: str
    description: str = ""
    late: bool = False


class TimedOut(Result, frozen=True, tag_field="kind", tag="timeout"):
    """No answer in time; the station may have acted all the same."""


class Lost(Result, frozen=True, tag_field="kind", tag="lost"):
    """The connection went with the CALL under way, as far as can be known; the station may have acted."""


class Refused(Result, frozen=True, tag_field="kind", tag="refused"):
    """The order was not carried out.

    `reason` for a `Call`, which the station has then not seen: busy, gone, stale, expired, withdrawn. For a
    `Withdraw`: sent, gone, stale.
    """

    reason: str


class Connected(Up, frozen=True, tag_field="kind", tag="connected"):
    """A station connected."""


class Disconnected(Up, frozen=True, tag_field="kind", tag="disconnected"):
    """A connection ended."""

    code: int | None = None
    reason: str = ""


class Suspected(Struct, frozen=True, kw_only=True, tag_field="kind", tag="suspected"):
    """What a gateway saw at its door looks like an attack on this station; no connection needs to have come of it.

    `reason` is one of `Suspicion`, or a newer gateway's. `detail` is for people: no password, no certificate. A
    gateway says it at most once a minute for a station and a reason.
    """

    station: str
    node: str
    at: float
    reason: str
    detail: str
    v: int = VERSION


class Upload(Struct, frozen=True, kw_only=True):
    """What an upload receiver says of one upload; `tag` is the operation that the URL was made for."""

    station: str
    tag: str
    owner: str
    at: float
    v: int = VERSION


class UploadReceived(Upload, frozen=True, tag_field="kind", tag="upload_received"):
    """So many bytes are here."""

    bytes: int
    total: int | None = None


class UploadBroken(Upload, frozen=True, tag_field="kind", tag="upload_broken"):
    """The upload ended early. `reason`: broken, too_large, empty."""

    bytes: int
    reason: str


class UploadStored(Upload, frozen=True, tag_field="kind", tag="upload_stored"):
    """The whole file is in the store."""

    location: str
    size: int
    sha256: str
    filename: str | None = None


class Down(Struct, frozen=True, kw_only=True):
    """What a worker says to a gateway about one station."""

    station: str
    epoch: int
    at: float
    v: int = VERSION


class Call(Down, frozen=True, tag_field="kind", tag="call"):
    """Send this CALL, unless the epoch is another by now or `expires_at` is over.

    A gateway that comes to it after `take_by` refuses it as stale: the gateway hung, and the workers may have heard
    that none took the order. `message_id` is OCPP's unique message id, at most 36 characters; a second `Call` with the
    same one is the first again and is not sent twice. `again`: it may have been ordered before, so a gateway that does
    not have its connection says `Lost`: one that has begun anew cannot know what it did. `trace` is the command's
    `traceparent`.
    """

    message_id: str
    action: str
    payload: Raw
    owner: str
    tag: str
    take_by: float
    expires_at: float
    timeout: float
    again: bool = False
    trace: str | None = None


class Withdraw(Down, frozen=True, tag_field="kind", tag="withdraw"):
    """Do not send the CALL with this `message_id`, whether it waits for its turn or has yet to come.

    Its caller hears `Refused` (withdrawn), who withdraws it an `Answered`; or `Refused` (sent), and nothing has
    changed. `owner`, `tag` and `action` are those of the withdrawal.
    """

    message_id: str
    owner: str
    tag: str
    action: str


class Answer(Down, frozen=True, tag_field="kind", tag="answer"):
    """Answer the station's CALL with a CALLRESULT."""

    message_id: str
    payload: Raw


class Refuse(Down, frozen=True, tag_field="kind", tag="refuse"):
    """Answer the station's CALL with a CALLERROR."""

    message_id: str
    code: str
    description: str = ""


class Displace(Down, frozen=True, tag_field="kind", tag="displace"):
    """The station has connected elsewhere with a newer epoch than this one: close the older connection."""


FromGateway = Called | Sent | Answered | Errored | TimedOut | Lost | Refused | Connected | Disconnected
FromUploads = UploadReceived | UploadBroken | UploadStored
ToWorkers = FromGateway | Suspected | FromUploads
ToGateway = Call | Withdraw | Answer | Refuse | Displace

TO_WORKERS: Decoder[ToWorkers] = Decoder(ToWorkers)
TO_GATEWAY: Decoder[ToGateway] = Decoder(ToGateway)

UNREADABLE = (ValueError, RecursionError)
"""What reading a batch or a record raises: msgspec's own errors are ValueErrors, and so is that for text that is no UTF-8."""

_BATCH: Decoder[list[Raw]] = Decoder(list[Raw])
_ENCODER = Encoder()


def split(body: bytes) -> list[Raw]:
    """Take a batch apart without reading its records, so that a bad one does not spoil the others.

    Raises:
        ValueError, RecursionError: the body is no JSON array.

    """
    return _BATCH.decode(body)


def encode(record: Struct) -> bytes:
    """Write one record."""
    return _ENCODER.encode(record)


def join(records: list[bytes]) -> bytes:
    """Make a batch of written records."""
    return b"[" + b",".join(records) + b"]"
