"""Simulated stations at a terminal: what is typed there makes their monitors fire."""

import asyncio
import subprocess
from contextlib import aclosing
from pathlib import Path

from engineer import OCPPDIAG, environment, wait_for
from installation import Installation

from ocppdiag_contracts.events import EventReported


async def test_a_typed_value_makes_a_monitor_fire_and_its_return_clears_it(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    password = await installation.password(name)
    arguments = ["station", "simulate", name, "--url", installation.running.gateway_url]
    log = tmp_path / "station.log"
    async with (
        installation.diagnostics() as diagnostics,
        aclosing(diagnostics.watch(f"event_reported.{name}")) as watched,
    ):
        fired: list[EventReported] = []
        hearing = asyncio.create_task(hear(watched, fired))
        await asyncio.sleep(0.5)
        with log.open("wb") as output:
            station = subprocess.Popen(  # noqa: ASYNC220, S603 (our own command, on a terminal of its own)
                [*OCPPDIAG, *arguments],
                env={**environment(tmp_path), "OCPPDIAG_STATION_PASSWORD": password},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            await asyncio.to_thread(wait_for, "station_booted", log, station)
            assert station.stdin
            station.stdin.write(b"EVSE#1/Power=23000\nnonsense\nEVSE#1/Nothing=1\nEVSE#1/Power=7000\n")
            station.stdin.flush()
            async with asyncio.timeout(15):
                while len(fired) < 2:  # noqa: ASYNC110 (a test looks from outside)
                    await asyncio.sleep(0.05)
        finally:
            station.terminate()
            if station.stdin:
                station.stdin.close()
            await asyncio.to_thread(station.wait, 20)
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
    over, back = fired
    assert (over.component.name, over.variable.name, over.actual_value) == ("EVSE", "Power", "23000")
    assert (over.cleared, back.cleared, back.variable_monitoring_id) == (
        False,
        True,
        over.variable_monitoring_id,
    )
    said = log.read_text()
    assert "must be COMPONENT[#EVSE[.CONNECTOR]]/VARIABLE=VALUE" in said
    assert "no_such_variable" in said


async def hear(watched: object, fired: list[EventReported]) -> None:
    async for event in watched:  # type: ignore[attr-defined]  # the client's own generator
        assert isinstance(event, EventReported)
        fired.append(event)


async def test_many_stations_of_one_name_are_numbered(
    installation: Installation, name: str, tmp_path: Path
) -> None:
    """Without their passwords they are refused, each by its name."""
    refused = await asyncio.to_thread(
        subprocess.run,
        [*OCPPDIAG, "station", "simulate", name, "--count", "2", "--url", installation.running.gateway_url],
        env={**environment(tmp_path), "OCPPDIAG_STATION_PASSWORD": "wrong"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert f"{name}-1".encode() in refused.stderr or f"{name}-2".encode() in refused.stderr
