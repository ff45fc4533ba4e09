"""Who may send which command to which stations: what is not granted is not allowed. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from typing import Self

from ocppdiag_contracts.rights import Grant, read_grants


@dataclass(frozen=True, slots=True)
class _Held:
    """A grant as it is asked for."""

    commands: frozenset[str]
    stations: re.Pattern[str]

    @classmethod
    def of(cls, grant: Grant) -> Self:
        return cls(grant.command_names, re.compile("|".join(map(translate, grant.stations))))


@dataclass(frozen=True, slots=True)
class Rights:
    """The grants of each user of the broker."""

    _grants: Mapping[str, tuple[_Held, ...]]

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Read them from the file that operators write. Raises RightsError."""
        return cls({user: tuple(map(_Held.of, grants)) for user, grants in read_grants(text).items()})

    @property
    def users(self) -> int:
        """How many are named."""
        return len(self._grants)

    def allow(self, user: str | None, command: str | None, station: str) -> bool:
        """Whether this user may send this command to this station; `command` None: whether it may send any at all."""
        return any(
            (command in grant.commands if command else grant.commands) and grant.stations.fullmatch(station)
            for grant in self._grants.get(user or "", ())
        )
