"""What operators write down of the users of the broker, in TOML: who may send which command to which stations. Pure."""

import tomllib
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from ocppdiag_contracts.commands import COMMAND_NAMES

LONGEST_USER = 255
"""A user's name goes into a short string of AMQP."""


class RightsError(Exception):
    """The text grants nothing that could be understood; says where, by user, grant and field."""


def _of_commands(pattern: str) -> str:
    if not any(fnmatchcase(name, pattern) for name in COMMAND_NAMES):
        raise ValueError(f"{pattern!r} is none of {', '.join(sorted(COMMAND_NAMES))}")
    return pattern


Pattern = Annotated[str, Field(min_length=1)]
"""A name, or one with `*`, `?` and `[...]` in it, as shells have them (fnmatch); case matters."""


class Grant(BaseModel):
    """These commands, to these stations; and which events a user may look on at, which is for the broker to see to."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    commands: list[Annotated[Pattern, AfterValidator(_of_commands)]] = []
    stations: list[Pattern] = []
    events: list[Annotated[str, Field(min_length=1)]] = []
    """Routing keys as in a binding: `command_settled.#`."""

    @model_validator(mode="after")
    def _grants_something(self) -> "Grant":
        if bool(self.commands) != bool(self.stations):
            raise ValueError("commands and stations go together")
        if not (self.commands or self.events):
            raise ValueError("grants nothing")
        return self

    @property
    def command_names(self) -> frozenset[str]:
        """The commands that the patterns stand for."""
        return frozenset(
            name for name in COMMAND_NAMES if any(fnmatchcase(name, each) for each in self.commands)
        )


_User = Annotated[str, Field(min_length=1, max_length=LONGEST_USER)]
_GRANTS: TypeAdapter[dict[str, list[Grant]]] = TypeAdapter(
    Annotated[dict[_User, Annotated[list[Grant], Field(min_length=1)]], Field(min_length=1)]
)


def read_grants(text: bytes) -> dict[str, list[Grant]]:
    """Read the grants of each user: `[[<user>]]` tables, any number of them for each.

    Raises:
        RightsError: it is not of this shape; nothing at all counts for that, because a file may be half written.

    """
    try:
        return _GRANTS.validate_python(tomllib.loads(text.decode()))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise RightsError(f"no TOML: {error}") from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RightsError(
            "; ".join(
                f"{'.'.join(map(str, item['loc'])) or 'users'}: {item['msg'].removeprefix('Value error, ')}"
                for item in found
            )
        ) from None
