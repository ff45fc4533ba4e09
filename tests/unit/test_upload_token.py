"""The secret in an upload URL: ours alone, unchanged, in time, and short enough for OCPP."""

import string
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocppdiag_contracts.topology import OWNER
from ocppdiag_contracts.upload_token import BadTokenError, ExpiredTokenError, UploadToken, check, sign

SECRET = b"a secret of the tests"
ALPHABET = set(string.ascii_letters + string.digits + "-_")
TOKEN = UploadToken("CS-17", "command-1", "diagnostics", 2_000_000_000, 1_000_000)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)
tokens = st.builds(UploadToken, texts, texts, texts, st.integers(0, 2**62), st.integers(0, 2**62))


@given(tokens, st.binary(min_size=1, max_size=64))
def test_what_was_signed_is_read_back_and_has_no_character_that_a_url_parser_may_trip_over(
    token: UploadToken, secret: bytes
) -> None:
    text = sign(token, secret)
    assert set(text) <= ALPHABET
    assert check(text, secret, now=token.expires) == token


@pytest.mark.abuse(
    "26 an upload by another station",
    "an address is for one station and command; with one character changed it is none",
)
def test_a_token_with_any_one_character_changed_is_refused() -> None:
    text = sign(TOKEN, SECRET)
    for position, right in enumerate(text):
        for wrong in ALPHABET - {right}:
            with pytest.raises(BadTokenError):
                check(text[:position] + wrong + text[position + 1 :], SECRET, now=0)


@given(st.data())
def test_a_token_cut_padded_or_with_something_put_in_is_refused(data: st.DataObject) -> None:
    text = sign(TOKEN, SECRET)
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, len(text)))
    between = data.draw(st.sampled_from(["", "=", "\n", " ", "/", "%2F", ".", "+", "é", "\x00", "A"]))
    changed = text[:begin] + between + text[end:]
    if changed != text:
        with pytest.raises(BadTokenError):
            check(changed, SECRET, now=0)


@given(
    st.text(max_size=300)
    | st.binary(max_size=200).map(lambda raw: urlsafe_b64encode(raw).decode().rstrip("="))
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadTokenError):
        check(text, SECRET, now=0)


def test_a_token_of_another_secret_is_refused() -> None:
    with pytest.raises(BadTokenError):
        check(sign(TOKEN, SECRET + b"!"), SECRET, now=0)


def test_a_token_is_good_until_its_time_and_not_after_it() -> None:
    text = sign(TOKEN, SECRET)
    assert check(text, SECRET, now=TOKEN.expires) == TOKEN
    with pytest.raises(ExpiredTokenError):
        check(text, SECRET, now=TOKEN.expires + 0.001)


def test_who_does_not_know_the_secret_learns_nothing_of_an_expired_token() -> None:
    with pytest.raises(BadTokenError):
        check(sign(TOKEN, b"another"), SECRET, now=TOKEN.expires + 1)


def test_the_longest_url_fits_into_the_remote_location_of_ocpp() -> None:
    end_of_time = 253_402_300_799  # the last second of the year 9999
    token = UploadToken("*" * 48, "x" * 64, OWNER, end_of_time, 2**63 - 1)
    base = "https://" + "h" * 142
    assert len(f"{base}/{sign(token, SECRET)}/") <= 512
