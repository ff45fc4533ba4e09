"""The other end of the wire: simulated stations, for tests, demonstrations and people who try things out."""

from ocppdiag_station.connection import ConnectionRefusedByGatewayError
from ocppdiag_station.scenarios import SCENARIOS, Scenario
from ocppdiag_station.simulated import SimulatedStation

__all__ = [
    "SCENARIOS",
    "ConnectionRefusedByGatewayError",
    "Scenario",
    "SimulatedStation",
]
