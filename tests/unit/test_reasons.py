"""What stations say about their refusals: in `reason`, in no `detail`, and where it may name a customer not for all."""

import pytest
from operations import STATION, Life, answered
from reports import customer_part

from ocppdiag_contracts.commands import (
    CommandModel,
    CustomerInformation,
    GetLog,
    IdToken,
    IdTokenType,
    SetMonitoringLevel,
    TriggerLogStatus,
)
from ocppdiag_workers import news

UNKNOWN_ERROR = "the station answered an error that OCPP does not know"
TOKEN = IdToken(id_token="04A2B3", type=IdTokenType.ISO14443)
LEVEL = SetMonitoringLevel(id="c1", station=STATION, severity=0)
TRIGGER = TriggerLogStatus(id="c1", station=STATION)
LOG = GetLog(id="c1", station=STATION)
CUSTOMER = CustomerInformation(id="c1", station=STATION, clear=True, id_token=TOKEN, local_list_version=7)


def listed() -> Life:
    """The report is complete, and the local list is left."""
    life = Life(CUSTOMER).hear(news.Sent(0.5), answered({"status": "Accepted"}))
    return life.notified(customer_part(0, "x", tbc=False))


@pytest.mark.parametrize("command", [LEVEL, TRIGGER, LOG, CUSTOMER])
@pytest.mark.parametrize(
    ("code", "words", "detail", "reason"),
    [
        ("InternalError", "out of memory", "the station answered InternalError", "out of memory"),
        ("InternalError", "", "the station answered InternalError", None),
        ("NotSupported", "no", "the station answered NotSupported", "no"),
        ("Hunger", "and thirst", UNKNOWN_ERROR, "Hunger: and thirst"),
        ("Hunger", "", UNKNOWN_ERROR, "Hunger"),
        ("x" * 2000, "y", UNKNOWN_ERROR, "x" * 1000),
    ],
)
def test_the_stations_own_words_are_the_reason_and_never_in_the_detail(
    command: CommandModel, code: str, words: str, detail: str, reason: str | None
) -> None:
    end = Life(command).hear(news.Errored(1, code, words)).end
    assert (end.detail, end.reason) == (detail, reason)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (news.Errored(4, "InternalError", "04A2B3 is in use", 1), "04A2B3 is in use"),
        (
            answered(
                {"status": "Failed", "statusInfo": {"reasonCode": "Busy", "additionalInfo": "04A2B3"}}, 1
            ),
            "Busy: 04A2B3",
        ),
        (answered({"status": "Failed"}, 1), None),
    ],
)
def test_why_the_list_was_not_changed_is_told_to_who_has_asked_only(
    item: news.News, reason: str | None
) -> None:
    end = listed().hear(item).end
    assert end.reason == reason
    assert "04A2B3" not in (end.detail or "")
    assert (end.for_all().reason, end.for_later().reason) == (None, None)


@pytest.mark.parametrize("command", [CUSTOMER, LOG])
@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (news.Errored(1, "InternalError", "04A2B3"), "04A2B3"),
        (news.Errored(1, "04A2B3", "?"), "04A2B3: ?"),
        (answered({"status": "Rejected", "statusInfo": {"reasonCode": "04A2B3"}}), "04A2B3"),
    ],
)
def test_what_a_station_says_about_a_secret_in_its_refusal_is_for_who_has_asked(
    item: news.News, reason: str, command: CommandModel
) -> None:
    end = Life(command).hear(item).end
    assert end.reason == reason
    assert "04A2B3" not in end.for_all().model_dump_json()
    assert "04A2B3" not in repr(end), "it is in no log either"
