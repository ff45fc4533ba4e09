"""The two handler interfaces have one method for each request of the block, in its types, and nothing else."""

import inspect
import re
from typing import get_type_hints

import pytest

from ocppdiag_contracts.versions import OcppVersion
from ocppdiag_ocpp.handlers import ChargingStationHandler, CSMSHandler
from ocppdiag_ocpp.messages import PROFILE
from ocppdiag_ocpp.profile import Direction, Feature

SIDES = {Direction.TO_STATION: ChargingStationHandler, Direction.FROM_STATION: CSMSHandler}


def _method(action: str) -> str:
    return "on_" + re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()


@pytest.mark.parametrize("direction", list(Direction))
def test_a_side_has_a_method_for_each_request_that_it_receives(direction: Direction) -> None:
    side = SIDES[direction]
    received = {_method(feature.action) for feature in PROFILE if feature.direction is direction}
    assert {name for name in vars(side) if name.startswith("on_")} == received


@pytest.mark.parametrize("feature", list(PROFILE), ids=lambda feature: feature.action)
def test_a_method_takes_the_request_and_returns_the_response(feature: Feature) -> None:
    method = getattr(SIDES[feature.direction], _method(feature.action))
    shapes = feature.versions[OcppVersion.V201]
    assert inspect.iscoroutinefunction(method)
    assert get_type_hints(method) == {"request": shapes.request, "return": shapes.response}
