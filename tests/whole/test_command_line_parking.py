"""A support engineer at a terminal: what workers could not handle is found, looked at, sent again or dropped."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from engineer import OCPPDIAG, Served, both, environment, given, ocppdiag, running, serve_arguments
from intakes import fall_over

from ocppdiag_amqp import Broker, Publisher
from ocppdiag_amqp.broker import declare_queue
from ocppdiag_client import Diagnostics
from ocppdiag_contracts.commands import SetMonitoringLevel
from ocppdiag_contracts.events import Answer, CommandSettled, Outcome
from ocppdiag_contracts.model import now
from ocppdiag_contracts.topology import COMMANDS, commands_queue
from ocppdiag_local import services as local
from ocppdiag_local.services import Services
from ocppdiag_workers.features import FEATURES
from ocppdiag_workers.intake import MOST_ATTEMPTS
from ocppdiag_workers.table import Table

STATION = "CS-PARKED"
SECRET = "hunter2"
GIVEN_UP = SetMonitoringLevel(id="given-up", station=STATION, severity=4, time=now() - timedelta(hours=1))
Message = dict[str, Any]


async def put(url: str, *bodies: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(COMMANDS.name)
        for body in bodies:
            await exchange.publish(aio_pika.Message(body, delivery_mode=2), "set_monitoring_level")


async def fallen_over(own: Services) -> None:
    """A command that eight workers have fallen over, before there is one that does not."""
    queue = commands_queue(tuple(Table(FEATURES).works))
    async with Broker(own.amqp_url, name="test") as broker:
        await broker.declare_exchanges()
        await declare_queue(await broker.consuming_channel(1), queue)
        body = GIVEN_UP.model_dump_json(exclude_none=True).encode()
        await (await Publisher.open(broker)).publish(COMMANDS, GIVEN_UP.command, body, reply_to="nobody")
    for _ in range(MOST_ATTEMPTS):
        await fall_over(own, queue.name)


@pytest.fixture(scope="module")
def own(services: Services) -> Iterator[Services]:
    """Servers of our own: `--all` means all."""
    del services  # the run has some, so this machine can have others
    with local.services(prefer="processes", say=lambda _: None) as own:
        asyncio.run(fallen_over(own))
        yield own


@pytest.fixture(scope="module")
def served(own: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("parking")
    home = environment(folder / "data")
    serving = running(serve_arguments(), given(own, home), "stations connect to", folder / "serve.log")
    with serving, ExitStack() as exits:
        served = Served(home, folder, exits)
        served.station(STATION)
        yield served


def parked(served: Served, count: int) -> list[Message]:
    """What the list has for scripts, as soon as it is so many."""
    deadline = time.monotonic() + 60
    while len(listed := ocppdiag(served.home, "parking", "list", "--json").splitlines()) != count:
        assert time.monotonic() < deadline, listed
        time.sleep(0.2)
    return [json.loads(line) for line in listed]


async def sent_again(own: Services, served: Served, parked_id: str) -> tuple[str, CommandSettled]:
    """What is said, and what the station's next command came to."""
    async with (
        Diagnostics.connect(own.amqp_url, name="test") as diagnostics,
        diagnostics.listen(f"command_settled.{STATION}") as heard,
    ):
        said = await asyncio.to_thread(ocppdiag, served.home, "parking", "retry", parked_id)
        async with asyncio.timeout(60):
            async for event in heard:
                assert isinstance(event, CommandSettled)
                return said, event
    raise AssertionError("nothing was heard")


def test_a_command_that_was_given_up_is_found_and_sent_again_and_carried_out(
    own: Services, served: Served
) -> None:
    (found,) = parked(served, 1)
    assert found["reason"] == f"given up after {MOST_ATTEMPTS} attempts"
    assert (found["queue"], found["station"], found["command_id"]) == (
        "ocppdiag.commands",
        STATION,
        GIVEN_UP.id,
    )
    table = ocppdiag(served.home, "parking", "list")
    for cell in (found["id"], found["parked_at"], found["reason"], STATION, GIVEN_UP.id):
        assert cell in table
    shown = ocppdiag(served.home, "parking", "show", found["id"])
    assert '"severity":4' in shown
    assert json.loads(ocppdiag(served.home, "parking", "show", found["id"], "--json"))["deliveries"] == 9
    assert parked(served, 1) == [found], "to look at it is to leave it there"

    said, settled = asyncio.run(sent_again(own, served, found["id"]))
    assert settled.command_id in said
    assert settled.command_id != GIVEN_UP.id
    assert settled.outcome is Outcome.COMPLETED
    assert settled.result == Answer(status="Accepted")
    assert ocppdiag(served.home, "parking", "list") == "nothing is parked\n"
    assert parked(served, 0) == []


def test_what_cannot_be_sent_again_is_said_and_can_be_dropped(own: Services, served: Served) -> None:
    body = (
        b'{"command": "customer_information", "station": 7, "customer_identifier": "'
        + SECRET.encode()
        + b'"}'
    )
    asyncio.run(put(own.amqp_url, body))
    (stub,) = parked(served, 1)
    assert stub["withheld"]
    assert "(a stub)" in ocppdiag(served.home, "parking", "list")
    assert SECRET not in ocppdiag(served.home, "parking", "show", stub["id"])
    said = ocppdiag(served.home, "parking", "retry", stub["id"], code=1)
    assert "only a stub of it was kept" in said
    assert "who has sent it must send it again" in said
    assert parked(served, 1) == [stub]
    assert ocppdiag(served.home, "parking", "drop", stub["id"]) == f"{stub['id']} is dropped\n"
    assert parked(served, 0) == []


def test_all_are_sent_again_or_dropped_and_those_that_fail_again_are_parked_again(
    own: Services, served: Served
) -> None:
    asyncio.run(put(own.amqp_url, b"one", b"two", b"\x1b[31mthree", b'{"id_token": 7'))
    before = {each["id"] for each in parked(served, 4)}
    said, complaint = both(served.home, "parking", "retry", "--all", code=1)
    assert said.count("is sent again") == 3
    assert complaint.count("cannot be sent again") == 1
    after = parked(served, 4)
    assert len(before & {each["id"] for each in after}) == 1, "three have come back, with a time of their own"
    assert all(each["reason"].startswith("no command: ") for each in after)
    assert [each["parked_at"] for each in after] == sorted(each["parked_at"] for each in after)
    shown = [ocppdiag(served.home, "parking", "show", each["id"]) for each in after]
    assert "\x1b" not in "".join(shown)
    assert ocppdiag(served.home, "parking", "drop", "--all").count("is dropped") == 4
    assert parked(served, 0) == []


def test_with_one_id_that_is_unknown_nothing_is_done(own: Services, served: Served) -> None:
    asyncio.run(put(own.amqp_url, b"one"))
    (one,) = parked(served, 1)
    for arguments in (("retry",), ("drop",), ("retry", one["id"], "--all"), ("drop", one["id"], "--all")):
        assert "either ID... or --all" in ocppdiag(served.home, "parking", *arguments, code=2)
    for use in ("retry", "drop"):
        assert "nothing is parked as 0000000000" in ocppdiag(
            served.home, "parking", use, one["id"], "0000000000", code=2
        )
    assert "nothing is parked as 0000000000" in ocppdiag(served.home, "parking", "show", "0000000000", code=2)
    assert parked(served, 1) == [one]
    ocppdiag(served.home, "parking", "drop", one["id"])


def test_a_command_line_that_is_killed_with_messages_in_its_hands_loses_none(
    own: Services, served: Served
) -> None:
    bodies = [b"number %d" % number for number in range(200)]
    asyncio.run(put(own.amqp_url, *bodies))
    before = parked(served, 200)
    log = served.folder / "killed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            [*OCPPDIAG, "parking", "drop", "--all"], env=served.home, stdout=output
        )
        deadline = time.monotonic() + 30
        while log.read_bytes().count(b"\n") < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was not done yet"
    dropped = {line.split()[0] for line in log.read_text().splitlines() if line.endswith("is dropped")}
    assert 20 <= len(dropped) < 200
    left = {each["id"] for each in settled_down(served)}
    assert left <= {each["id"] for each in before}
    # Of one it may have been about to say that it is dropped, or have said so with the word still on its way.
    assert len({each["id"] for each in before} - dropped - left) + len(left & dropped) <= 1
    assert ocppdiag(served.home, "parking", "drop", "--all")
    assert parked(served, 0) == []


def settled_down(served: Served) -> list[Message]:
    """The list, as soon as it is the same twice: what the dead one held is back."""
    last = None
    for _ in range(20):
        listed = [
            json.loads(line) for line in ocppdiag(served.home, "parking", "list", "--json").splitlines()
        ]
        if listed == last:
            return listed
        last = listed
    raise AssertionError("it is never the same twice")


def test_a_broker_that_cannot_be_reached_has_its_own_exit_status(served: Served, tmp_path: Path) -> None:
    del served
    home = environment(tmp_path)
    assert "cannot reach RabbitMQ" in ocppdiag(
        home, "parking", "list", "--amqp-url", "amqp://127.0.0.1:1/", code=3
    )
    assert "nothing is served" in ocppdiag(home, "parking", "list", code=2)
