"""A list of features, each looked up by its action and a protocol version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.datatypes import OcppModel


class Direction(StrEnum):
    """Who sends the request."""

    TO_STATION = "CSMS to station"
    FROM_STATION = "station to CSMS"


@dataclass(frozen=True, slots=True)
class Shapes:
    """The two halves of a message in one version."""

    request: type[OcppModel]
    response: type[OcppModel]


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing OCPP can say: its action on the wire, and its shapes in each version that has it."""

    action: str
    direction: Direction
    versions: Mapping[OcppVersion, Shapes]


class UnknownActionError(LookupError):
    """That version has no such action."""


class Profile:
    """The features by name, as an OCPP functional block lists them."""

    def __init__(self, *features: Feature) -> None:
        self._features = MappingProxyType({feature.action: feature for feature in features})

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._features.values())

    def shapes(self, action: str, version: OcppVersion) -> Shapes:
        """Return the request and response types.

        Raises:
            UnknownActionError: the version has no such action.

        """
        try:
            return self._features[action].versions[version]
        except KeyError:
            raise UnknownActionError(f"{version.value} has no {action}") from None
