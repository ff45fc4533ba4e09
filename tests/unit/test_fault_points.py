"""The points at which the fault suite has processes fall are the product's own methods: a new name there is noticed here."""

from importlib import import_module

import doomed
import pytest


@pytest.mark.parametrize("name", doomed.WORKER | doomed.GATEWAY)
def test_a_point_is_a_method_of_the_product(name: str) -> None:
    point = (doomed.WORKER | doomed.GATEWAY)[name]
    owner = getattr(import_module(point.module), point.owner)
    assert callable(vars(owner)[point.method])
