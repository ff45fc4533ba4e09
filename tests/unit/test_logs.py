"""Logs: one JSON object a line whatever is in it, and never a secret."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_process import logs

SECRET = "canary"


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep what is set up here from the other tests."""
    monkeypatch.setattr(logging.root, "handlers", [])
    levels = logging.root.level, logging.getLogger("websockets").level
    yield
    logging.root.setLevel(levels[0])
    logging.getLogger("websockets").setLevel(levels[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _lines(capture: pytest.CaptureFixture[bytes]) -> list[dict[str, Any]]:
    out = capture.readouterr().out
    assert out.endswith(b"\n")
    assert b"\x1b" not in out
    assert b"\r" not in out
    return [json.loads(line) for line in out.splitlines()]


def test_a_line_has_its_name_its_level_its_process_and_a_time_in_utc(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    logs.configure(process="gateway", readable=False)
    structlog.get_logger().info("ready", port=9000)
    (line,) = _lines(capfdbinary)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "ready", "level": "info", "process": "gateway", "port": 9000}


@pytest.mark.abuse("23 text with CRLF, ANSI and half characters", "one line of JSON")
def test_a_line_stays_one_line_whatever_is_in_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    logs.configure(process="gateway", readable=False)
    odd = [
        "CS\r\nforged: true", "\x1b[2J\x1b[31mred", "\u2028\u2029\x85", "\x00", "\ud800 half a pair", "é🚗", "",
        2**100, float("nan"), b"\xff\n", {"nested": ["\n", {"x": 2**70}]}, object(), ValueError("two\nlines"),
    ]  # fmt: skip
    for value in odd:
        structlog.get_logger().info("odd", value=value)
    assert [line["event"] for line in _lines(capfdbinary)] == ["odd"] * len(odd)


def test_a_traceback_stays_one_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    logs.configure(process="gateway", readable=False)
    try:
        int("two\nlines")
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = _lines(capfdbinary)
    assert "Traceback" in line["exception"]
    assert "\n" in line["exception"]


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize(
    "name", ["password", "secret", "token", "url", "authorization", "remote_location", "payload", "data"]
)
def test_what_goes_by_the_name_of_a_secret_is_blanked(
    name: str,
    readable: bool,  # noqa: FBT001 (a parameter of pytest)
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    logs.configure(process="gateway", readable=readable)
    structlog.get_logger().info("told", **{name: SECRET})
    structlog.contextvars.bind_contextvars(**{name: SECRET})
    structlog.get_logger().info("told", harmless=1)
    out = capfdbinary.readouterr().out
    assert SECRET.encode() not in out
    assert out.count(b"[hidden]") == 2


@pytest.mark.abuse("36 exceptions with addresses", "passwords in addresses are blanked, whoever logs them")
def test_what_libraries_log_comes_out_in_the_same_form_without_passwords(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    logs.configure(process="gateway", readable=False)
    logging.getLogger("some.library").warning("lost %s", f"amqp://user:{SECRET}@broker:5672/")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("websockets.server").error("a station vanished")
    (line,) = _lines(capfdbinary)
    assert (line["event"], line["library"], line["level"]) == ("library", "some.library", "warning")
    assert line["message"] == "lost amqp://user:***@broker:5672/"


def test_nothing_below_the_level_is_written(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    logs.configure(level="error", process="gateway", readable=False)
    structlog.get_logger().warning("no")
    structlog.get_logger().error("yes")
    assert [line["event"] for line in _lines(capfdbinary)] == ["yes"]


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ("amqp://u:canary@h:5672/v", "amqp://u:***@h:5672/v"),
        ("redis://:canary@h", "redis://:***@h"),
        (
            "redis+sentinel://u:canary@a:1,b:2/s?sentinel_password=canary&db=1",
            "redis+sentinel://u:***@a:1,b:2/s?sentinel_password=***&db=1",
        ),
        ("see ftp://u:can@ry@h/x now", "see ftp://u:***@h/x now"),
        ("url='amqp://u:canary@h'", "url='amqp://u:***@h'"),
        ("a:\namqp://u:canary@h\nb", "a:\namqp://u:***@h\nb"),
        ("http://h:80/x", "http://h:80/x"),
        ("mail a@b and c:d@e", "mail a@b and c:d@e"),
        ("nothing", "nothing"),
    ],
)
def test_the_password_of_every_address_in_a_text_is_blanked(text: str, blanked: str) -> None:
    assert logs.without_password(text) == blanked


words = st.text("ab:/@.\n\t'\"(é", max_size=12)


@given(words, words, st.text("ab", max_size=4), words, st.lists(words))
def test_no_password_is_left_wherever_its_address_stands(
    before: str, after: str, user: str, tail: str, others: list[str]
) -> None:
    text = " ".join([before + f"x://{user}:{SECRET}@host{tail}", *others, f"y://:{SECRET}@h{after}"])
    assert SECRET not in logs.without_password(text)
