"""What is put aside in full and what as a stub: in doubt the stub, which shows whose it was and nothing of what it said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import MsgspecError
from operations import STATION, called
from reports import customer_part

from ocppdiag_contracts import link
from ocppdiag_contracts.commands import (
    CertificateHashData,
    Command,
    CustomerInformation,
    GetLog,
    HashAlgorithm,
    IdToken,
    IdTokenType,
    SetMonitoringLevel,
)
from ocppdiag_contracts.topology import LARGEST_BODY
from ocppdiag_workers.withheld import LONGEST, fault, is_secret, stub

SECRET = "hunter2"
TOKEN = IdToken(id_token=SECRET, type=IdTokenType.CENTRAL)
CERTIFICATE = CertificateHashData(
    hash_algorithm=HashAlgorithm.SHA256, issuer_name_hash=SECRET, issuer_key_hash=SECRET, serial_number=SECRET
)
SECRETS: tuple[Command, ...] = (
    GetLog(id="c1", station=STATION, remote_location=f"sftp://me:{SECRET}@archive.example.com/in/"),
    CustomerInformation(id="c1", station=STATION, clear=True, id_token=TOKEN),
    CustomerInformation(id="c1", station=STATION, clear=True, customer_certificate=CERTIFICATE),
    CustomerInformation(id="c1", station=STATION, clear=True, customer_identifier=SECRET),
)


@pytest.mark.parametrize("command", SECRETS)
@pytest.mark.parametrize("broken", [False, True])
def test_a_command_with_a_secret_is_told_by_its_members_even_when_it_cannot_be_read(
    command: Command, *, broken: bool
) -> None:
    body = command.model_dump_json(exclude_none=True).encode()
    body = body[:-2] if broken else body
    assert is_secret(body)
    shown = stub(body, "because")
    assert SECRET.encode() not in shown
    content = json.loads(shown)
    assert (content["withheld"], content["bytes"], content["reason"]) == (True, len(body), "because")
    expected = {"command": command.command, "id": "c1", "station": STATION}
    assert content["of"] == ([] if broken else [expected])


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (link.Answered, "CustomerInformation"),
        (link.Answered, "SendLocalList"),
        (link.Errored, "CustomerInformation"),
        (link.Answered, "GetLog"),
    ],
)
def test_records_about_customers_and_upload_addresses_are_told_by_their_action(
    kind: type[link.Result], action: str
) -> None:
    fields = {"payload": {"says": SECRET}} if kind is link.Answered else {"code": SECRET}
    record = {"kind": "result", "station": STATION, "action": action, "tag": "c1", **fields}
    body = json.dumps([record]).encode()
    assert is_secret(body)
    shown = stub(body, "because")
    assert SECRET.encode() not in shown
    assert json.loads(shown)["of"] == [{"station": STATION, "kind": "result", "action": action, "tag": "c1"}]


def test_a_batch_shows_whose_records_are_in_it() -> None:
    records = [
        link.encode(customer_part(0, SECRET)),
        link.encode(called("Heartbeat", {})),
        b"42",
    ]
    body = link.join(records)
    assert is_secret(body)
    shown = stub(body, "because")
    assert SECRET.encode() not in shown
    assert [of["action"] for of in json.loads(shown)["of"]] == ["NotifyCustomerInformation", "Heartbeat"]


@pytest.mark.parametrize(
    "body",
    [
        SetMonitoringLevel(id="c1", station=STATION, severity=1).model_dump_json().encode(),
        link.join([link.encode(called("NotifyEvent", {"seqNo": 0}))]),
        link.join([link.encode(called("LogStatusNotification", {"status": "Idle"}))]),
        b"",
        b"{",
    ],
)
def test_what_holds_no_secret_is_put_aside_whole(body: bytes) -> None:
    assert not is_secret(body)


@pytest.mark.parametrize("member", ["id", "station", "command", "tag"])
def test_only_text_is_shown_and_not_much_of_it(member: str) -> None:
    nested = json.loads(stub(json.dumps({member: {"id_token": SECRET}}).encode(), ""))
    assert SECRET not in json.dumps(nested)
    assert json.loads(stub(json.dumps({member: "x" * 9999}).encode(), ""))["of"] == [{member: "x" * LONGEST}]


@given(st.binary())
def test_a_stub_is_made_of_anything(body: bytes) -> None:
    assert json.loads(stub(body, "because"))["bytes"] == len(body)


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"id_token":' * 100_000, b"1" * 5000])
def test_a_stub_is_made_of_what_no_parser_takes(deep: bytes) -> None:
    assert json.loads(stub(deep, "because"))["of"] == []


def test_a_stub_of_what_is_too_long_is_made_unread() -> None:
    body = json.dumps({"station": STATION, "id_token": SECRET}).encode() + b" " * LARGEST_BODY
    content = json.loads(stub(body, "because"))
    assert (content["bytes"], content["of"]) == (len(body), [])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'{{"kind": "{SECRET}"}}'.encode(), "Invalid value ... - at `$.kind`"),
        (b'{"kind": "it\'s ' + SECRET.encode() + b"' - at `$.x`\"}", "Invalid value ... - at `$.kind`"),
        (b'{"kind": "call", "station": 5}', "Expected `str`, got `int` - at `$.station`"),
        (b'{"kind": "call", "station": "' + SECRET.encode() + b'\xff"}', "it is not UTF-8"),
    ],
)
def test_a_fault_is_told_without_the_value(body: bytes, said: str) -> None:
    with pytest.raises((MsgspecError, UnicodeError)) as caught:
        link.TO_WORKERS.decode(body)
    assert fault(caught.value) == said
