"""Which session belongs to which station on this node; the newest epoch has the line."""

from collections.abc import Iterator

from ocppdiag_gateway.session import Session


class Switchboard:
    """Station to session."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def plug(self, session: Session) -> Session | None:
        """Give the line to the newer of the two sessions of this station, and return the one without a line."""
        station = session.lease.station
        other = self._sessions.get(station)
        if other and other.lease.epoch > session.lease.epoch:
            return session
        self._sessions[station] = session
        return other

    def unplug(self, session: Session) -> None:
        """Take the line away, unless a newer session has it: an old socket's late end changes nothing."""
        if self._sessions.get(session.lease.station) is session:
            del self._sessions[session.lease.station]

    def find(self, station: str) -> Session | None:
        """Return the session of a station."""
        return self._sessions.get(station)
