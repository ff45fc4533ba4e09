"""The door: judges each upgrade, from what costs nothing to what costs a look into Redis, and says who came in."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from redis.exceptions import RedisError

from ocppdiag_contracts.security_profile import SecurityProfile
from ocppdiag_contracts.suspicion import Suspicion
from ocppdiag_gateway import admission, metrics
from ocppdiag_gateway.admission import RefusedError
from ocppdiag_gateway.caller import Caller, Headers
from ocppdiag_gateway.refusals import Refusals
from ocppdiag_gateway.settings import Settings
from ocppdiag_gateway.turnstile import Turnstile
from ocppdiag_redis import Credentials, Registration
from ocppdiag_redis.credentials import NO_HASH

TRY_AGAIN_SECONDS = 10

Suspect = Callable[[str, Suspicion, str], None]
"""Hears of what looks like an attack: the station, what it looks like, and a detail for people."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who came in, and by which password: its hash, none with a certificate."""

    station: str
    used: bytes = NO_HASH


class Door:
    """Lets stations in until it is closed."""

    def __init__(self, settings: Settings, credentials: Credentials, suspect: Suspect) -> None:
        self._settings = settings
        self._credentials = credentials
        self._suspect = suspect
        self._refusals = Refusals()
        self._turnstile = Turnstile(
            everybody=settings.handshakes_per_second,
            address=settings.handshakes_per_address,
            station=settings.handshakes_per_station,
        )
        self.closed = False

    async def admit(self, caller: Caller, path: str, headers: Headers) -> Admitted:
        """Judge a request.

        Raises:
            RefusedError: 400, 401, 429 or 503.

        """
        try:
            return await self._judge(caller, path, headers)
        except RefusedError as refusal:
            metrics.HANDSHAKES.add(refusal.status.name.lower())
            self._refusals.tell(refusal, caller.address, path)
            raise

    async def still(self, admitted: Admitted) -> bool:
        """Whether they would still be let in, now that they hold the lease; a next password is from here on the only one.

        Raises:
            RedisError: nobody knows.

        """
        return self._settings.insecure_no_auth or await self._credentials.settle(
            admitted.station, admitted.used
        )

    async def _judge(self, caller: Caller, path: str, headers: Headers) -> Admitted:
        if self.closed:
            raise _unavailable("Shutting down.")
        now = asyncio.get_running_loop().time()
        self._turnstile.come(caller.network, now)
        station = admission.station_of(path)
        admission.version_of(headers.get_all("Sec-WebSocket-Protocol"))
        self._turnstile.name(caller.network, station, now)
        if self._settings.insecure_no_auth:
            self._turnstile.ask(now)
            return Admitted(station)
        password = admission.password_of(headers.get_all("Authorization"), station)
        if password is None and caller.certificate is None:
            raise admission.unauthorized("neither a password nor a certificate")
        self._turnstile.ask(now)
        try:
            registration = await self._credentials.find(station)
        except (RedisError, OSError) as error:
            raise _unavailable("Try again soon.", why=f"Redis is out of reach: {error}") from None
        used = self._credentials.matches(registration, station, password or b"")
        fault = self._fault(registration, caller, used)
        if fault is None:
            return Admitted(station, used or NO_HASH)
        suspicion, why = fault
        last = self._turnstile.wrong(caller.network, station, now)
        if registration and (last or suspicion is not Suspicion.WRONG_PASSWORD):
            self._suspect(station, suspicion, f"{why}, from {caller.address}")
        raise admission.unauthorized(why)

    def _fault(
        self, registration: Registration | None, caller: Caller, used: bytes | None
    ) -> tuple[Suspicion, str] | None:
        if registration is None:
            return Suspicion.WRONG_PASSWORD, "an unknown station"
        profile = registration.profile
        misfit = admission.misfit(
            profile, registration.serial, caller, self._settings.organisation, datetime.now(UTC)
        )
        if misfit:
            return misfit
        if profile is SecurityProfile.TLS_CERTIFICATE or used is not None:
            return None
        return Suspicion.WRONG_PASSWORD, "a wrong password"


def _unavailable(text: str, *, why: str | None = None) -> RefusedError:
    return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, text, why=why, retry_after=TRY_AGAIN_SECONDS)
