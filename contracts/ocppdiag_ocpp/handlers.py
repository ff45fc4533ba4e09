"""The station's side of the block: one method for each request that a station receives."""

from typing import Protocol

from ocppdiag_ocpp.messages.get_log import GetLogRequest, GetLogResponse


class ChargingStationHandler(Protocol):
    """What a station must be able to answer; the simulated station is one."""

    async def on_get_log(self, request: GetLogRequest) -> GetLogResponse:
        """Answer whether the log will be uploaded; the upload itself comes after the answer (FR.05)."""
        ...
