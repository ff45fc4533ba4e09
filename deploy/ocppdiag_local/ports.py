"""Free TCP ports that nobody will be lent in the meantime."""

import random
import socket
from contextlib import ExitStack

# Below 32768: from there on the kernel lends ports to outgoing connections, and a busy machine takes
# a port away between our looking and the server's binding.
RANGE = range(20_000, 32_000)


def free(count: int) -> list[int]:
    """Choose so many different ports of 127.0.0.1 that are free now."""
    found: list[int] = []
    with ExitStack() as held:  # all at once, so that none is found twice
        for port in random.sample(RANGE, len(RANGE)):
            if len(found) == count:
                break
            listener = held.enter_context(socket.socket())
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found
