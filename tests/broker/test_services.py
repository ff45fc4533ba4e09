"""RabbitMQ and Redis on one machine: found, started, stopped, and nothing left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aio_pika
import pytest
from redis import Redis

from ocppdiag_local import debian, docker, ports, processes, programs
from ocppdiag_local import services as local
from ocppdiag_local.failures import NoAnswerError, ServicesError, ServicesMissing
from ocppdiag_local.folder import lock
from ocppdiag_local.servers import BOTH, Server
from ocppdiag_local.services import Services

OWNER = """
import sys, time
from pathlib import Path
from ocppdiag_local.services import services
with services(data=Path(sys.argv[1]), prefer="processes", say=print) as found:
    print("ready", found.amqp_url, found.redis_url, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for server in BOTH:
        monkeypatch.delenv(server.variable, raising=False)


@pytest.fixture
def private(services: Services) -> None:
    del services  # asked for first, so that machines without any way skip or fail there
    try:
        processes.provide(BOTH, print)
    except ServicesMissing as missing:
        pytest.skip(f"only Docker or addresses here: {missing}")


def left_behind(data: Path) -> list[str]:
    """Every process that has this folder in its words or writes into it (Redis overwrites its words)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(errors="replace")
            output = [str((process / "fd" / number).readlink()) for number in "12"]
        except OSError:
            continue  # just gone
        if any(str(data) in text for text in (words, *output)):
            found.append(words.replace("\0", " "))
    return found


def gone(data: Path, within: float) -> bool:
    deadline = time.monotonic() + within
    while left_behind(data) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not left_behind(data)


async def put(url: str, queue: str) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue)


async def get(url: str, queue: str) -> bytes:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        message = await (await channel.get_queue(queue)).get(timeout=10)
        await message.ack()
        return message.body


def store(amqp_url: str, redis_url: str) -> None:
    asyncio.run(put(amqp_url, "ocppdiag.test"))
    with Redis.from_url(redis_url) as client:
        client.set("ocppdiag:test", "kept")


def find_again(amqp_url: str, redis_url: str) -> None:
    assert asyncio.run(get(amqp_url, "ocppdiag.test")) == b"kept"
    with Redis.from_url(redis_url) as client:
        assert client.get("ocppdiag:test") == b"kept"


@contextmanager
def an_owner(data: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    """Another process that has services; yields it and their URLs."""
    command = [sys.executable, "-c", OWNER, str(data)]
    env = {**os.environ, **environment}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env) as owner:  # noqa: S603
        try:
            assert owner.stdout
            ready = next(line for line in owner.stdout if line.startswith(b"ready "))
            _, amqp_url, redis_url = ready.decode().split()
            yield owner, amqp_url, redis_url
        finally:
            owner.kill()


@pytest.mark.usefixtures("private")
def test_a_killed_owner_leaves_nobody_and_loses_nothing(tmp_path: Path) -> None:
    with an_owner(tmp_path) as (owner, amqp_url, redis_url):
        names = "\n".join(left_behind(tmp_path))
        assert [name for name in ("beam", "/epmd ", "redis-server", "leash") if name not in names] == []
        store(amqp_url, redis_url)
        owner.kill()
    # At once: the lock makes the second run wait for the end of the first one's servers.
    with local.services(data=tmp_path, prefer="processes", say=print) as again:
        assert again.origin.startswith("private processes of this machine (RabbitMQ ")
        assert names not in "\n".join(left_behind(tmp_path))
        find_again(again.amqp_url, again.redis_url)
    assert left_behind(tmp_path) == []


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_one_given_and_one_started(services: Services, tmp_path: Path, number: signal.Signals) -> None:
    with an_owner(tmp_path, OCPPDIAG_AMQP_URL=services.amqp_url) as (owner, amqp_url, _):
        names = "\n".join(left_behind(tmp_path))
        assert amqp_url == services.amqp_url
        assert "redis-server" in names
        assert "beam" not in names
        owner.send_signal(number)
        owner.wait(10)
    assert gone(tmp_path, within=10)


def test_addresses_given_are_used_as_they_are(services: Services) -> None:
    with local.services(amqp_url=services.amqp_url, redis_url=services.redis_url, say=pytest.fail) as found:
        assert (found.amqp_url, found.redis_url) == (services.amqp_url, services.redis_url)
        assert found.origin.startswith("the addresses given (RabbitMQ ")


@pytest.mark.parametrize("server", BOTH, ids=lambda server: server.title)
def test_a_given_address_that_is_silent_is_an_error(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr(local, "PATIENCE", 0.2)
    address = f"127.0.0.1:{ports.free(1)[0]}"
    monkeypatch.setenv(server.variable, server.url.replace("guest:guest", "me:secret").format(address))
    with (
        pytest.raises(NoAnswerError, match=f"{address}.* does not answer") as error,
        local.services(say=pytest.fail),
    ):
        pass
    assert "secret" not in str(error.value)


@pytest.fixture
def a_web_server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", ports.free(1)[0])) as listener:

        def answer() -> None:
            while True:
                try:
                    visitor, _ = listener.accept()
                except OSError:
                    return
                with visitor:
                    visitor.recv(64)
                    visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_port_that_speaks_something_else_is_no_rabbitmq(
    a_web_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "PATIENCE", 0.2)
    with (
        pytest.raises(NoAnswerError, match="does not speak AMQP"),
        local.services(amqp_url=f"amqp://{a_web_server}/", say=pytest.fail),
    ):
        pass


def test_a_machine_with_nothing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda _: None)
    monkeypatch.setattr(debian, "can_install", lambda: False)
    with pytest.raises(ServicesMissing) as error, local.services(prefer="processes", say=pytest.fail):
        pass
    assert str(error.value) == (
        "RabbitMQ and Redis not found: start Docker, or install rabbitmq-server and redis-server,"
        " or set OCPPDIAG_AMQP_URL and OCPPDIAG_REDIS_URL."
    )


def test_docker_asked_for_and_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ServicesMissing, match="Docker does not answer"),
        local.services(prefer="docker", say=print),
    ):
        pass


def test_data_in_use_is_left_alone(tmp_path: Path) -> None:
    with (
        lock(tmp_path),
        pytest.raises(ServicesError, match="Another ocppdiag is using the data"),
        lock(tmp_path, within=0),
    ):
        pass


def test_ports_are_never_lent_to_others() -> None:
    found = ports.free(50)
    assert len(set(found)) == 50
    assert max(found) < 32_768


def test_containers_keep_their_data_and_leave_nobody(tmp_path: Path) -> None:
    if not docker.ready(BOTH, print):
        pytest.skip("no Docker here")
    try:
        with local.services(data=tmp_path, prefer="docker", say=print) as first:
            assert first.origin.startswith("Docker containers (RabbitMQ ")
            store(first.amqp_url, first.redis_url)
        assert left_behind(tmp_path) == []
        with local.services(data=tmp_path, prefer="docker", say=print) as second:
            find_again(second.amqp_url, second.redis_url)
        assert left_behind(tmp_path) == []
    finally:
        volumes = [*docker.COMPOSE, "--project-name", docker.project(tmp_path), "down", "--volumes"]
        subprocess.run(volumes, check=True, capture_output=True)  # noqa: S603
