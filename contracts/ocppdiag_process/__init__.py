"""How every process of ours starts, logs and stops."""

from ocppdiag_process.logs import configure
from ocppdiag_process.main import main, told_to_stop

__all__ = ["configure", "main", "told_to_stop"]
