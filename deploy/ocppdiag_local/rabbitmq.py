"""A private RabbitMQ node as a child process, with its own epmd, all on 127.0.0.1."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ocppdiag_local import answer, ports
from ocppdiag_local.leash import leashed


@contextmanager
def node(server: str, epmd: str, folder: Path, *, hold: Sequence[int] = ()) -> Iterator[str]:
    """Run a node that keeps everything in the folder; yields its URL once it speaks AMQP."""
    folder.mkdir(parents=True, exist_ok=True)
    amqp, distribution, names = ports.free(3)
    log = folder / "rabbitmq.log"
    log.write_bytes(b"")  # only the last run is of interest
    env = _environment(folder, distribution, names)
    (folder / "conf.d").mkdir(exist_ok=True)
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.local = 127.0.0.1:{amqp}\n")
    (folder / "enabled_plugins").write_text("[].\n")
    # Left alone, a node starts an epmd for the whole machine that outlives it: so it gets one of its own.
    name_server = [epmd, "-address", "127.0.0.1", "-port", str(names)]
    with (
        leashed(name_server, env=env, log=folder / "epmd.log", hold=hold),
        leashed([server], env=env, log=log, hold=hold) as process,
    ):
        url = f"amqp://guest:guest@127.0.0.1:{amqp}/"
        answer.wait(answer.rabbitmq, url, within=60, process=process, log=log)
        yield url


def _environment(folder: Path, distribution: int, names: int) -> dict[str, str]:
    """Say where everything is; nothing of the caller's RABBITMQ_*, ERL_* or NOTIFY_SOCKET comes in."""
    # The machine is shared with whoever talks to the node.
    schedulers = max(1, min(2, (os.cpu_count() or 1) // 2))
    # For every Erlang of this node, the short-lived one that looks for epmd included.
    flags = (
        "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
        f" +S {schedulers}:{schedulers} +SDcpu 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
    )
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(folder),  # where Erlang keeps its cookie
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "ERL_FLAGS": flags,
        "ERL_CRASH_DUMP_BYTES": "0",
        "RABBITMQ_NODENAME": "ocppdiag@localhost",  # stable: the data folder is named after it
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
    }
