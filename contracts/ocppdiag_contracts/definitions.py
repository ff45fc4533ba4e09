"""The broker's definitions as a command: `python -m ocppdiag_contracts.definitions --shards 4 --services rights.toml`."""

import json
import os
import re
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from ocppdiag_contracts.definitions_document import document, password_hash
from ocppdiag_contracts.definitions_kubernetes import SCALER, objects
from ocppdiag_contracts.permissions import OPERATORS, UPLOADS, WORKERS, Permissions, gateway, service
from ocppdiag_contracts.rights import Grant, RightsError, read_grants

GATEWAY = "gateway"
OTHERS: Mapping[str, Permissions] = {
    "worker": WORKERS,
    "uploads": UPLOADS,
    "operator": OPERATORS,
}
PASSWORD = "OCPPDIAG_PASSWORD_"  # noqa: S105 (where it is found)
HASH = "OCPPDIAG_HASH_"


class PasswordError(Exception):
    """A user has no password; says where it is looked for."""


def services(text: bytes, ours: Container[str]) -> dict[str, Permissions]:
    """Read the workers' OCPPDIAG_RIGHTS: all that a user may send to any station, and what it may look on at.

    One of `ours` may be in it too (who sends parked commands again needs a right to them), and stays what it is.

    Raises:
        RightsError: it is no such file.

    """
    return {user: _service(user, grants) for user, grants in read_grants(text).items() if user not in ours}


def _service(user: str, grants: Iterable[Grant]) -> Permissions:
    try:
        return service(
            {name for grant in grants for name in grant.command_names},
            {event for grant in grants for event in grant.events},
        )
    except ValueError as error:
        raise RightsError(f"{user}: {error}") from None


def processes(nodes: Iterable[str] = ()) -> dict[str, Permissions]:
    """Return the users of our own processes: one for each gateway of these names, or for all where none is named."""
    named = {f"{GATEWAY}.{node}": gateway(node) for node in nodes}
    return {**(named or {GATEWAY: gateway()}), **OTHERS}


def hashes(users: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Find each user's password, or RabbitMQ's hash of it, in a variable of its own.

    Raises:
        PasswordError: a user has neither.

    """
    found = {}
    for user in users:
        word = re.sub(r"[^A-Z0-9]", "_", user.upper())
        if known := environment.get(HASH + word):
            found[user] = known
        elif password := environment.get(PASSWORD + word):
            found[user] = password_hash(password, secrets.token_bytes(4))
        else:
            raise PasswordError(f"{user}: needs {PASSWORD}{word}, or {HASH}{word} in its place")
    return found


def main(arguments: list[str]) -> None:
    """Print RabbitMQ's definitions; the users' passwords come from the environment."""
    parser = ArgumentParser(prog="python -m ocppdiag_contracts.definitions", description=main.__doc__)
    parser.add_argument("--shards", type=int, default=1, help="as OCPPDIAG_SHARDS (1)")
    parser.add_argument("--node", action="append", default=[], help="a gateway with a user of its own")
    parser.add_argument("--services", type=Path, help="the services' users: the workers' OCPPDIAG_RIGHTS")
    parser.add_argument("--vhost", default="/")
    parser.add_argument(
        "--kubernetes",
        metavar="CLUSTER",
        help="as objects for this RabbitmqCluster; passwords are in Secrets",
    )
    asked = parser.parse_args(arguments)
    try:
        users = processes(asked.node)
        if asked.services:
            users |= services(asked.services.read_bytes(), users)
        if asked.kubernetes:
            users |= SCALER
            none = dict.fromkeys(users, "")
            made = objects(document(asked.shards, users, none, asked.vhost), asked.kubernetes)
        else:
            made = document(asked.shards, users, hashes(users, os.environ), asked.vhost)
    except (RightsError, PasswordError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
