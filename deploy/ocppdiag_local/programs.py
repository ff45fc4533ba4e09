"""Where this machine keeps the programs of RabbitMQ and Redis."""

import os
import shutil

# First Debian's own script of RabbitMQ: the one on the PATH changes to the user rabbitmq when root calls it
# and refuses everybody else. The last ones are often not on an ordinary user's PATH.
BEFORE = ("/usr/lib/rabbitmq/bin",)
AFTER = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def find(name: str) -> str | None:
    """Find one program; a choice between versions belongs here."""
    return shutil.which(name, path=os.pathsep.join([*BEFORE, os.environ.get("PATH", os.defpath), *AFTER]))
