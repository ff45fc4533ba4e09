"""Where an operator says that logs are kept: one place, named in a way that can be one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ocppdiag_contracts.commands.command import CommandModel, IfOffline
from ocppdiag_contracts.commands.get_log import GetLog
from ocppdiag_uploads.settings import SHORTEST_KEEP_DAYS, Settings
from ocppdiag_uploads.store import bucket_address

REST = {"amqp_url": "amqp://host", "upload_key": "k" * 32}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "logs are kept in one place"),
        ({"upload_folder": "logs", "upload_bucket": "s3://logs"}, "logs are kept in one place"),
        ({"upload_bucket": "s3://logs", "upload_keep_days": 30}, "lifecycle rule"),
        ({"upload_bucket": "logs"}, "must be s3://"),
        ({"upload_folder": "logs", "upload_keep_days": 7}, "greater than or equal to 8"),
    ],
)
def test_what_is_no_one_place_is_refused_at_the_start(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Settings.model_validate({**REST, **given})


def test_a_log_is_kept_longer_than_its_address_works() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    longest = GetLog(
        station="CS-1",
        time=moment,
        if_offline=IfOffline.WAIT,
        wait_until=moment + CommandModel.LONGEST_TIME,
    )
    assert longest.due - moment < timedelta(days=SHORTEST_KEEP_DAYS)


@pytest.mark.parametrize(
    "address", ["s3://logs", "s3://logs/", "s3://logs.example.com/ocpp/CS_1=a", "s3://abc/x/y/"]
)
def test_an_address_of_a_bucket_is_taken_without_a_slash_at_its_end(address: str) -> None:
    made = Settings.model_validate({**REST, "upload_bucket": address})
    assert made.upload_bucket == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    ["", "logs", "s3:/logs", "s3://", "s3://ab", "s3://Logs", "s3://logs//x", "s3://logs/a b", "s3://logs/x?y",
     "s3://key:secret@logs", "https://logs.s3.amazonaws.com", "s3://logs/../x", "s3://logs/.stored~"],
)  # fmt: skip
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must be s3://"):
        bucket_address(address)


@given(st.text("abc/.-_ %?#@:~", max_size=30))
def test_a_prefix_leads_nowhere_but_down(prefix: str) -> None:
    try:
        taken = bucket_address(f"s3://logs/{prefix}")
    except ValueError:
        return
    assert ".." not in taken.split("/")
    assert "//" not in taken.removeprefix("s3://")
    assert not taken.endswith("/")
