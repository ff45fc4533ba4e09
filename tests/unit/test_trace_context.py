"""The header `traceparent`: what is one is read, whoever wrote it, and nothing else is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ocppdiag_contracts.trace_context import HEADER, headers, read

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def known_to_the_library(text: str) -> bool:
    context = TraceContextTextMapPropagator().extract({HEADER: text}, Context())
    return trace.get_current_span(context).get_span_context().is_valid


def test_a_context_is_read_as_it_is_and_written_as_one_header() -> None:
    assert read(GOOD) == GOOD
    assert headers(GOOD) == {"traceparent": GOOD}
    assert headers(None) == {}


def test_of_a_later_version_what_is_known_is_read() -> None:
    assert read(f"cc{GOOD[2:]}") == GOOD
    assert read(f"cc{GOOD[2:]}-more") == GOOD


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        1,
        GOOD.encode(),
        [GOOD],
        "",
        GOOD.upper(),
        f" {GOOD}",
        f"{GOOD}-more",
        f"{GOOD}\n",
        f"ff{GOOD[2:]}",
        f"cc{GOOD[2:]}more",
        f"00-{'0' * 32}-{GOOD[36:]}",
        f"{GOOD[:36]}{'0' * 16}-01",
        GOOD[:-1],
        "\u0660" + GOOD[1:],
    ],
)
def test_what_is_no_context_is_none(wrong: object) -> None:
    assert read(wrong) is None


@given(
    st.text(alphabet="0123456789abcf-g", max_size=60)
    | st.from_regex(re.compile(r"\A[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z"))
)
def test_what_is_read_is_read_by_others_too(text: str) -> None:
    if (context := read(text)) is not None:
        assert known_to_the_library(context)
        assert read(context) == context
    elif text.startswith("00"):
        assert not known_to_the_library(text)
