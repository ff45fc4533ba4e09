"""How simulated stations behave, by name: the good one, and the faults that stations have in the field.

The number before a summary is the chapter of the catalogue of what stations do (3: behaviour, 5: deviations seen), or the
requirement of OCPP 2.0.1 that it is about.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ocppdiag_station.scenario import Scenario
from ocppdiag_station.scenarios import connections, customers, events, logs, monitoring, payloads, reports

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "good": Scenario("does everything right"),
        **logs.SCENARIOS,
        **reports.SCENARIOS,
        **monitoring.SCENARIOS,
        **events.SCENARIOS,
        **customers.SCENARIOS,
        **payloads.SCENARIOS,
        **connections.SCENARIOS,
    }
)

__all__ = ["SCENARIOS", "Scenario"]
