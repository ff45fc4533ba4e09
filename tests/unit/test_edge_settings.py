"""What an operator sets at the edge: a wrong or missing variable is named, and never its value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from ocppdiag_gateway.settings import Settings

NEEDED = {
    "OCPPDIAG_AMQP_URL": "amqp://u:canary@127.0.0.1:1/",
    "OCPPDIAG_REDIS_URL": "redis://:canary@127.0.0.1:1/0",
    "OCPPDIAG_CREDENTIAL_KEY": "canary" * 8,
}
TLS = {"TLS_PORT": "9443", "TLS_CERTIFICATES": '["/tls/ecdsa", "/tls/rsa"]'}


@pytest.fixture(autouse=True)
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("OCPPDIAG_"):
            monkeypatch.delenv(name)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"OCPPDIAG_{name}", value)
    return Settings()


def test_every_security_profile_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = settings(monkeypatch)
    assert (plain.port, plain.tls_port, plain.trusted_proxies) == (9000, None, ())
    made = settings(
        monkeypatch,
        **TLS,
        PORT="",
        TLS_CLIENT_CA="/tls/stations.pem",
        ORGANISATION="Charging Ltd",
        TRUSTED_PROXIES='["10.0.0.0/8", "fd00::/8", "192.0.2.1"]',
        PROXY_CERTIFICATE_HEADER="Client-Cert",
    )
    assert (made.port, made.tls_port) == (None, 9443)
    assert made.tls_certificates == (Path("/tls/ecdsa"), Path("/tls/rsa"))
    assert [str(network) for network in made.trusted_proxies] == ["10.0.0.0/8", "fd00::/8", "192.0.2.1/32"]


@pytest.mark.parametrize(
    ("variables", "named", "said"),
    [
        ({"TLS_PORT": "9443"}, "tls_port", "Needs OCPPDIAG_TLS_CERTIFICATES"),
        ({"PORT": ""}, "port", "Needs OCPPDIAG_TLS_PORT"),
        ({"TLS_CLIENT_CA": "/tls/stations.pem"}, "organisation", "Needed to judge"),
        (
            {"PROXY_CERTIFICATE_HEADER": "Client-Cert", "ORGANISATION": "A"},
            "proxy_certificate_header",
            "Needs OCPPDIAG_TRUSTED_PROXIES",
        ),
        (
            {"PROXY_CERTIFICATE_HEADER": "Client-Cert", "TRUSTED_PROXIES": '["10.0.0.0/8"]'},
            "organisation",
            "Needed to judge",
        ),
        ({"PROXY_CERTIFICATE_HEADER": "X: y", "ORGANISATION": "A"}, "proxy_certificate_header", "pattern"),
        ({"TRUSTED_PROXIES": '["10.0.0.1/8"]'}, "trusted_proxies", "not a valid"),
        ({"TRUSTED_PROXIES": '["0.0.0.0/0"]'}, "trusted_proxies", "anybody"),
        ({"TRUSTED_PROXIES": '["::/0"]'}, "trusted_proxies", "anybody"),
        ({"ORGANISATION": " " * 65}, "organisation", "at most 64"),
        ({"TLS_PORT": "65536", "TLS_CERTIFICATES": '["/tls"]'}, "tls_port", "less than or equal"),
    ],
)
def test_what_does_not_fit_together_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        settings(monkeypatch, **variables)
    (error,) = refused.value.errors(include_input=False)
    assert error["loc"][0] == named
    assert said in error["msg"]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"TLS_PORT": "9443"}, "OCPPDIAG_TLS_PORT: Needs OCPPDIAG_TLS_CERTIFICATES"),
        ({"TLS_CERTIFICATES": "/canary"}, '"tls_certificates" from source "EnvSettingsSource": a list is written as JSON'),
        ({"CREDENTIAL_KEY": "canary"}, "OCPPDIAG_CREDENTIAL_KEY: Needs at least 32 characters"),
    ],
)  # fmt: skip
def test_a_process_says_so_in_one_sentence_and_ends(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OCPPDIAG_{name}", value)
    done = subprocess.run(
        [sys.executable, "-m", "ocppdiag_gateway"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr + done.stdout
