"""The life of a CustomerInformation, for the tests of it."""

from typing import Any

import pytest
from operations import STATION, Life, answered
from reports import customer_part

from ocppdiag_contracts.commands import CustomerInformation, IdToken, IdTokenType
from ocppdiag_contracts.events import CustomerReport
from ocppdiag_workers import news

VERSIONS = ("ocpp2.0.1", "ocpp2.0")
EITHER = pytest.mark.parametrize("version", VERSIONS)
TOKEN = IdToken(id_token="04A2B3", type=IdTokenType.ISO14443)
ACCEPTED = answered({"status": "Accepted"})
CLEARED = customer_part(0, "cleared", tbc=False)


def asked(version: str = "ocpp2.0.1", **wanted: Any) -> Life:  # noqa: ANN401 (a command's fields)
    fields = {"report": True, "id_token": TOKEN, **wanted}
    return Life(CustomerInformation(id="c1", station=STATION, **fields), version)


def listed(**wanted: Any) -> Life:  # noqa: ANN401 (a command's fields)
    """The report is complete, and the local list is left."""
    life = asked(**{"clear": True, "local_list_version": 7, **wanted})
    return (
        life.hear(news.Sent(0.5), ACCEPTED)
        .notified(customer_part(0, "x"))
        .notified(customer_part(1, "y", tbc=False))
    )


def brought(life: Life) -> CustomerReport:
    assert isinstance(life.end.result, CustomerReport)
    return life.end.result
