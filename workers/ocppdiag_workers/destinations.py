"""Where logs may go instead of to us: addresses compared as everybody would read them. Pure."""

from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"ftp": 21, "ftps": 990, "http": 80, "https": 443, "sftp": 22}


def normal(location: str) -> str:
    """Write an address as scheme, host, port unless usual, and path; who logs in there, and any query, is left out.

    Raises:
        ValueError: not every reader finds the same host or path in it.

    """
    parts = urlsplit(location)
    path = parts.path or "/"
    if not parts.hostname or "\\" in location or "%" in path or "/.." in path:
        raise ValueError("must have a host, and no backslash, percent sign or .. that leads elsewhere")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)) else ""
    return f"{parts.scheme}://{host}{port}{path}"


def beginning(url: str) -> str:
    """Read the beginning of addresses that an operator allows.

    Raises:
        ValueError: it has no scheme, host or path, or has a user: the beginning of a host's name would allow longer ones.

    """
    parts: SplitResult = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.path.startswith("/") or "@" in parts.netloc:
        raise ValueError(
            "must have a scheme of ftp, ftps, http, https or sftp, a host and a path such as /, and no user"
        )
    return normal(url)


def allowed(location: str, beginnings: tuple[str, ...]) -> bool:
    """Whether an address begins with one that is allowed."""
    try:
        return normal(location).startswith(beginnings)
    except ValueError:
        return False
