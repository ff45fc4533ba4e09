"""What a new installation has to be given, made once and kept: `python -m ocppdiag_local.first_start --help`.

A folder for each user of the broker with the settings that are secrets (OCPPDIAG_SECRETS), and what RabbitMQ and Redis read.
"""

import json
import os
import re
import secrets
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ocppdiag_contracts.definitions import processes, services
from ocppdiag_contracts.definitions_document import document, password_hash
from ocppdiag_contracts.rights import RightsError

OURS = {"gateway": 10001, "worker": 10002, "uploads": 10003}
"""Who runs as which user: those of deploy/Dockerfile."""

PEOPLE = 10004
"""The command line there: the operator and all services."""

ROOT = 0
TAG = "ocppdiag"
"""What accounts that are made here have in RabbitMQ, where it means nothing: who has it and is not named any more goes."""

NAMED = ("redis", "erlang", "credential_key", "upload_key")
FOLDER_NAME = re.compile(r"[A-Za-z0-9@_-][A-Za-z0-9@._-]*")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers are, with a gap `{}` for the password of Redis, and for `user:password` of RabbitMQ."""

    amqp: str
    redis: str
    outside: str
    """RabbitMQ again, for who is not in the network of the containers."""


class Kept:
    """Secrets that are drawn when they are asked for the first time, and then stay: a file of root's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def __getitem__(self, name: str) -> str:
        """Return it; it has 256 bits, and no character that means something in an address or a configuration."""
        if name not in self._known:
            self._known[name] = secrets.token_urlsafe(32)
        return self._known[name]

    def forget_all_but(self, users: Container[str]) -> None:
        """Forget the passwords of all other users of RabbitMQ: who comes back gets a new one."""
        for name in [*self._known]:
            kind, _, user = name.partition(" ")
            if kind == "rabbitmq" and user not in users:
                del self._known[name]

    def write(self) -> None:
        """Keep them, before anything else is told of them."""
        _write(self._path, json.dumps(self._known, indent=2), ROOT, mode=0o600)


def provide(folder: Path, kept: Kept, ours: Iterable[str], services: Iterable[str], where: Addresses) -> None:
    """Write the settings of each user of the broker, each to be read by one user of the system; have no others there."""
    redis = {
        "OCPPDIAG_REDIS_URL": where.redis.format(kept["redis"]),
        "OCPPDIAG_CREDENTIAL_KEY": kept["credential_key"],
    }
    upload = {"OCPPDIAG_UPLOAD_KEY": kept["upload_key"]}
    by_process = {
        "gateway": redis,
        "worker": {"OCPPDIAG_REDIS_URL": redis["OCPPDIAG_REDIS_URL"], **upload},
        "uploads": upload,
    }
    process_of = {user: user.partition(".")[0] for user in ours} | dict.fromkeys(services, "")
    for place in (folder / "users", folder / "outside"):
        for gone in (each for each in place.glob("*") if each.name not in process_of):
            shutil.rmtree(gone)
    for user, process in process_of.items():
        reader = OURS.get(process, PEOPLE)
        account = f"{quote(user, safe='')}:{kept[f'rabbitmq {user}']}"
        settings = {"OCPPDIAG_AMQP_URL": where.amqp.format(account), **by_process.get(process, redis)}
        _folder(folder / "users" / user, settings, reader)
        if reader == PEOPLE:
            _folder(folder / "outside" / user, {"OCPPDIAG_AMQP_URL": where.outside.format(account)}, reader)


def serve_servers(folder: Path, kept: Kept, definitions: Mapping[str, object], users: Iterable[str]) -> None:
    """Write what RabbitMQ and Redis read, to be read by root alone, who starts them."""
    rabbitmq = {
        "definitions.json": json.dumps(definitions, indent=2),
        "users": "".join(f"{user}\n" for user in users),
        "erlang.cookie": kept["erlang"],
    }
    _folder(folder / "rabbitmq", rabbitmq, ROOT)
    password = kept["redis"]
    redis = {
        "redis.conf": f"requirepass {password}\nmasterauth {password}\n",
        "sentinel.conf": f"sentinel auth-pass ocppdiag {password}\n",
        "password": password,
    }
    _folder(folder / "redis", redis, ROOT)


def main(arguments: list[str]) -> None:
    """Make what is not there yet, and write it all: to do it again changes nothing but who is named."""
    parser = ArgumentParser(prog="python -m ocppdiag_local.first_start", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="where it is kept")
    parser.add_argument(
        "--node", action="append", default=[], help="a gateway's OCPPDIAG_NODE; once for each"
    )
    parser.add_argument("--services", type=Path, required=True, help="the workers' OCPPDIAG_RIGHTS")
    parser.add_argument("--shards", type=int, default=1, help="OCPPDIAG_SHARDS")
    parser.add_argument("--amqp", required=True, help="amqp://{}@rabbitmq:5672/, {} for user and password")
    parser.add_argument("--redis", required=True, help="redis://default:{}@redis:6379/0, {} for the password")
    parser.add_argument("--outside", required=True, help="as --amqp, for who is outside")
    asked = parser.parse_args(arguments)
    kept = Kept(asked.folder / "kept.json")
    try:
        ours = processes(asked.node)
        theirs = services(asked.services.read_bytes(), ours)
    except (RightsError, OSError) as error:
        sys.exit(str(error))
    users = ours | theirs
    if strange := [user for user in users if not FOLDER_NAME.fullmatch(user)]:
        sys.exit(f"a user's name is that of a folder here, so {strange[0]!r} cannot be one")
    kept.forget_all_but(users)
    hashes = {user: password_hash(kept[f"rabbitmq {user}"], secrets.token_bytes(4)) for user in users}
    made = document(asked.shards, users, hashes)
    for user in made["users"]:
        user["tags"] = [TAG]
    where = Addresses(asked.amqp, asked.redis, asked.outside)
    for name in NAMED:
        _ = kept[name]
    asked.folder.mkdir(parents=True, exist_ok=True)
    kept.write()
    provide(asked.folder, kept, ours, theirs, where)
    serve_servers(asked.folder, kept, made, users)


def _folder(folder: Path, files: Mapping[str, str], reader: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _write(folder / name, text, reader)


def _write(path: Path, text: str, reader: int, mode: int = 0o640) -> None:
    """Put a file in its place in one step: root's, and for the reader's group to read."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.chown(new, -1, reader)
    new.chmod(mode)
    new.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:])
