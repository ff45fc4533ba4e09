"""What a scenario consists of: a few parts that are independent of each other, each of them data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from ocppdiag_ocpp.messages.log_status_notification import UploadLogStatus
from ocppdiag_station.steps import Bend, Script
from ocppdiag_station.words import Payload

Instead = Callable[[Payload], Script]
"""From the payload of a request to what is done about it, without carrying it out."""


class WhileUploading(StrEnum):
    """What a GetLog does to an upload that runs (N01.FR.12)."""

    CANCELS = "cancels"
    RUNS_BESIDE = "runs beside"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LogConduct:
    """How a station uploads its log, and reports it."""

    uploads: bool = True
    reports: bool = True
    """Whether it sends LogStatusNotifications."""

    announcements: int = 1
    """How many times it says Uploading."""

    concludes: bool = True
    """Whether it says how the upload ended."""

    failures: int = 0
    """How many attempts fail before one succeeds."""

    retries_are_attempts: bool = False
    failure: UploadLogStatus = UploadLogStatus.UPLOAD_FAILURE
    reports_each_failure: bool = True
    """Else only that of the last attempt, as N01.FR.10 recommends."""

    while_uploading: WhileUploading = WhileUploading.CANCELS
    schemes: frozenset[str] = frozenset({"http", "https"})
    form: bool = False
    """Uploads a multipart form by POST instead of the bare file by PUT."""

    appends_filename: bool = False
    wrong_token: bool = False
    twice: bool = False
    """Uploads a second time to the address that it has used."""

    cut_after: int | None = None
    """Bytes after which its upload and its connection break."""

    size: int | None = None
    """Bytes of the log, instead of what the station really has."""

    bytes_per_second: float | None = None


class Boots(StrEnum):
    """On which connections a station sends a BootNotification."""

    ONCE = "the first"
    ALWAYS = "each"
    NEVER = "none"


@dataclass(frozen=True, slots=True)
class Wire:
    """How a station treats frames and connections."""

    members: Callable[[list[Any]], list[Any]] | None = None
    """What becomes of each frame before it is written."""

    message_id: Callable[[int], str] | None = None
    """The id of its n-th CALL on a connection, counted from 0."""

    noise: tuple[bytes, ...] = ()
    """What it writes before each CALL."""

    grumbles: bool = False
    """Whether it sends a CALLERROR for each CALLRESULT that it gets."""

    boots: Boots = Boots.ONCE
    reconnects: int = 0
    """How many times it closes its connection as soon as it is up, and comes again."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a station behaves: where nothing is said, well."""

    summary: str
    log: LogConduct = LogConduct()
    wire: Wire = Wire()
    bends: tuple[Bend, ...] = ()
    instead: Mapping[str, Instead] = field(default_factory=lambda: MappingProxyType({}))
    """By action: what it does not carry out, and what it does about it."""

    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Other values than the usual ones, by `Component.Variable` or `Component.Variable[instance]`."""

    sensors: int = 0
    """How many more variables it has, each with one monitor."""

    monitors_per_part: int = 4
    """How many variables with their monitors it puts into one part of a report."""
