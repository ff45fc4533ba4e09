"""The log lines of several processes in one terminal, readable."""

from typing import Any

from rich.console import Console
from rich.text import Text

_STYLES = {"uploads": "cyan", "worker": "green", "gateway": "magenta"}
_DULL = {"event", "level", "timestamp", "process", "pid"}
_LEVELS = {"warning": "yellow", "error": "bold red", "critical": "bold red"}


class Narrator:
    """Prints each line as `time process event key=value`."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def hear(self, name: str, said: dict[str, Any]) -> None:
        """Print one line."""
        line = Text(f"{str(said.get('timestamp', ''))[11:19]:8} ")
        line.append(f"{name:8} ", style=_STYLES.get(name, "white"))
        line.append(f"{said.get('event', '')} ", style=_LEVELS.get(str(said.get("level")), "bold"))
        line.append(" ".join(f"{key}={value}" for key, value in said.items() if key not in _DULL))
        self._console.print(line, soft_wrap=True)
