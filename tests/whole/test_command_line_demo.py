"""`ocppdiag demo --url`: the demonstration against an installation that is there already."""

import asyncio

from engineer import Environment, given, ocppdiag
from installation import Installation

from ocppdiag_local.demo import STATION


async def test_the_demonstration_is_given_against_what_is_there(
    installation: Installation, home: Environment
) -> None:
    there = given(installation.services, home) | {
        "OCPPDIAG_STATION_PASSWORD": await installation.password(STATION)
    }
    shown = await asyncio.to_thread(ocppdiag, there, "demo", "--url", installation.running.gateway_url)
    assert "completed get_log" in shown
    assert f"{installation.logs}/{STATION}/" in shown
    refused = there | {"OCPPDIAG_STATION_PASSWORD": "another"}
    said = await asyncio.to_thread(
        ocppdiag, refused, "demo", "--url", installation.running.gateway_url, code=1
    )
    assert "401" in said
    assert "Traceback" not in said
