"""Which Redis it is, where a provider's server does not tell all that Redis tells of itself."""

from collections.abc import Sequence

from ocppdiag_redis import Command, Origin, Pipelined


class Provided:
    """A server that says of its replication that it is a primary, and no more."""

    connections = 1
    usable = True

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        assert list(commands) == [("INFO", "replication")]
        return [{"role": "master", "connected_slaves": 1}]

    async def servers(self) -> Sequence["Provided"]:
        return (self,)

    async def aclose(self) -> None:
        """Nothing is held."""


async def test_a_redis_that_does_not_tell_which_one_it_is_is_taken_for_always_the_same() -> None:
    assert await Origin(Pipelined(Provided())).store() == ""
