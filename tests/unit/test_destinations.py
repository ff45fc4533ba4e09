"""Addresses are compared as everybody would read them, and what operators allow is read strictly."""

import pytest
from pydantic import ValidationError

from ocppdiag_workers.destinations import allowed, beginning, normal
from ocppdiag_workers.settings import Settings

SETTINGS = {
    "amqp_url": "amqp://host",
    "redis_url": "redis://host",
    "upload_key": "k" * 32,
    "upload_url": "http://host:9001",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://Logs.Example/In/", "https://logs.example/In/"),
        ("https://logs.example:443/", "https://logs.example/"),
        ("http://logs.example:443/", "http://logs.example:443/"),
        ("sftp://me:secret@logs.example:22/in", "sftp://logs.example/in"),
        ("ftps://logs.example:990", "ftps://logs.example/"),
        ("https://[2001:DB8::1]:8443/x?secret=1", "https://[2001:db8::1]:8443/x"),
    ],
)
def test_what_means_the_same_is_written_the_same(written: str, read: str) -> None:
    assert normal(written) == read


@pytest.mark.parametrize(
    "url", ["https:///x", "https://h/%2e%2e/x", "https://h/a/../b", "https://h\\@evil/x"]
)
def test_what_not_everybody_reads_alike_is_allowed_nowhere(url: str) -> None:
    with pytest.raises(ValueError, match="must have a host"):
        normal(url)
    assert not allowed(url, ("https://",))


def test_operators_may_write_hosts_in_any_case_and_with_the_usual_port() -> None:
    settings = Settings.model_validate({**SETTINGS, "destinations": ["https://Logs.Example:443/in/"]})
    assert settings.destinations == ("https://logs.example/in/",)
    assert allowed("https://u:p@LOGS.example/in/cs-1.log", settings.destinations)
    assert not allowed("https://logs.example/out/", settings.destinations)


@pytest.mark.parametrize(
    "url",
    [
        "logs.example/",
        "https://logs.example",
        "https://u:p@logs.example/",
        "file:///tmp/",
        "https:///in/",
        "",
    ],
)
def test_half_an_address_is_no_permission(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({**SETTINGS, "destinations": [url]})
    assert "destinations" in str(refused.value)
    with pytest.raises(ValueError, match="must have"):
        beginning(url)
