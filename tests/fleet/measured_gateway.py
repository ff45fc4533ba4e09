"""The gateway as it is, which also collects its garbage on SIGUSR1: what is left is what it really holds."""

import gc
import signal

from ocppdiag_gateway.__main__ import run
from ocppdiag_gateway.settings import Settings
from ocppdiag_process.main import main

if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: gc.collect() and None)
    main("gateway", Settings, run)
