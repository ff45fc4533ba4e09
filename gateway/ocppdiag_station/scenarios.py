"""How a simulated station behaves, by name: the good one, and the faults that stations have."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a station does with a GetLog."""

    summary: str
    answers: bool = True
    accepts: bool = True
    uploads: bool = True
    reports: bool = True
    """Whether it sends LogStatusNotifications."""

    cut_after: int | None = None
    """Bytes after which its upload and its connection break."""

    failures: int = 0
    """How many attempts fail before one succeeds, each reported as UploadFailure."""

    wrong_token: bool = False
    twice: bool = False
    """Uploads a second time to the address that it has used."""

    size: int | None = None
    """Bytes of the log, instead of what the station really has."""

    form: bool = False
    """Uploads a multipart form by POST instead of the bare file by PUT."""


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "good": Scenario("answers, uploads, reports"),
        "form": Scenario("uploads a multipart form with POST", form=True),
        "rejects": Scenario("answers Rejected", accepts=False),
        "never-answers": Scenario("does not answer the request", answers=False),
        "accepts-then-silent": Scenario("accepts, then nothing", uploads=False, reports=False),
        "reports-without-file": Scenario("says Uploaded and uploads nothing", uploads=False),
        "file-without-report": Scenario("uploads and never reports", reports=False),
        "retries": Scenario("fails twice, then uploads", failures=2),
        "uploads-too-much": Scenario("uploads 8 MiB whatever is allowed", size=8 * 2**20),
        "vanishes-mid-upload": Scenario("disconnects in the middle of its upload", cut_after=2**18),
        "wrong-token": Scenario("uploads to an address that was never given out", wrong_token=True),
        "used-token": Scenario("uploads twice to the same address", twice=True),
    }
)
