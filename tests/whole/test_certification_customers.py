"""OCPP's certification tests of a CSMS about customers, played by an independent station, each by its number."""

from installation import Installation
from ocpp.v201 import call, call_result
from tester import Payload, ScriptedStation, end_of, scripted_station

from ocppdiag_client import Diagnostics
from ocppdiag_contracts import Failure, Outcome
from ocppdiag_contracts.commands import CertificateHashData, CustomerInformation, IdToken
from ocppdiag_contracts.events import CommandSettled, CustomerReport

BY_TOKEN = {"id_token": IdToken(id_token="100000C01", type="Central")}
TOKEN = {"idToken": {"idToken": "100000C01", "type": "Central"}}


async def asked_for_customer(
    station: ScriptedStation, operator: Diagnostics, command: CustomerInformation
) -> tuple[int, Payload]:
    """Return the requestId of the station's request, and everything else in it."""
    await operator.send(command)
    request = await station.asked("CustomerInformation")
    return request["requestId"], {name: value for name, value in request.items() if name != "requestId"}


async def tells(station: ScriptedStation, request_id: int, *data: str) -> None:
    """Accept, and tell all of that in parts; a part comes also when there is nothing to tell."""
    await station.answers(call_result.CustomerInformation(status="Accepted"))
    for number, piece in enumerate(data):
        more = True if number + 1 < len(data) else None  # absent: no more
        await station.says(
            call.NotifyCustomerInformation(
                data=piece,
                seq_no=number,
                generated_at="2026-01-31T12:00:00Z",
                request_id=request_id,
                tbc=more,
            )
        )


def assert_told(settled: CommandSettled, *data: str, local_list: str | None = None) -> None:
    assert settled.outcome is Outcome.COMPLETED, settled
    assert settled.result == CustomerReport(parts=len(data), data="".join(data), local_list=local_list)


async def request_for(
    installation: Installation, name: str, data: tuple[str, ...], **wanted: object
) -> Payload:
    """Have a customer told, and return what was asked; the operator sees all that the station has said."""
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = CustomerInformation(station=name, **wanted)
        request_id, asked = await asked_for_customer(station, operator, command)
        await tells(station, request_id, *data)
        assert_told(await end_of(command, operator), *data)
        return asked


async def test_tc_n_27_csms_a_customer_is_reported(installation: Installation, name: str) -> None:
    data = ("token 100000C01 ", "seen on 2026-01-30")
    asked = await request_for(installation, name, data, report=True, **BY_TOKEN)
    assert asked == {"report": True, "clear": False, **TOKEN}


async def test_tc_n_28_csms_a_customer_of_whom_nothing_is_known_is_reported(
    installation: Installation, name: str
) -> None:
    asked = await request_for(installation, name, ("",), report=True, **BY_TOKEN)
    assert asked == {"report": True, "clear": False, **TOKEN}


async def test_tc_n_29_csms_a_rejected_report_of_a_customer_is_shown_as_rejected(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = CustomerInformation(station=name, report=True, **BY_TOKEN)
        _, asked = await asked_for_customer(station, operator, command)
        assert asked == {"report": True, "clear": False, **TOKEN}
        await station.answers(call_result.CustomerInformation(status="Rejected"))
        settled = await end_of(command, operator)
        assert (settled.outcome, settled.failure) == (Outcome.REJECTED, Failure.REJECTED)
        assert settled.result is None


async def test_tc_n_30_csms_a_customer_is_reported_and_cleared(installation: Installation, name: str) -> None:
    asked = await request_for(installation, name, ("cached",), report=True, clear=True, **BY_TOKEN)
    assert asked == {"report": True, "clear": True, **TOKEN}


async def test_tc_n_31_csms_a_customer_of_whom_nothing_is_known_is_reported_and_cleared(
    installation: Installation, name: str
) -> None:
    asked = await request_for(installation, name, ("",), report=True, clear=True, **BY_TOKEN)
    assert asked == {"report": True, "clear": True, **TOKEN}


async def test_tc_n_32_csms_a_customer_is_cleared_without_a_report_and_a_notification_still_comes(
    installation: Installation, name: str
) -> None:
    asked = await request_for(installation, name, ("",), clear=True, **BY_TOKEN)
    assert asked == {"report": False, "clear": True, **TOKEN}


async def test_tc_n_62_csms_a_customer_is_named_by_an_identifier_alone(
    installation: Installation, name: str
) -> None:
    asked = await request_for(
        installation, name, ("known",), report=True, clear=True, customer_identifier="OpenChargeAlliance"
    )
    assert asked == {"report": True, "clear": True, "customerIdentifier": "OpenChargeAlliance"}


async def test_tc_n_63_csms_a_customer_is_named_by_a_certificate_alone(
    installation: Installation, name: str
) -> None:
    certificate = CertificateHashData(
        hash_algorithm="SHA256", issuer_name_hash="a1" * 32, issuer_key_hash="b2" * 32, serial_number="2a4f"
    )
    asked = await request_for(
        installation, name, ("known",), report=True, clear=True, customer_certificate=certificate
    )
    assert asked == {
        "report": True,
        "clear": True,
        "customerCertificate": {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": "a1" * 32,
            "issuerKeyHash": "b2" * 32,
            "serialNumber": "2a4f",
        },
    }


async def test_tc_n_46_csms_a_cleared_customer_is_taken_off_the_local_list(
    installation: Installation, name: str
) -> None:
    async with scripted_station(installation, name) as station, installation.diagnostics() as operator:
        command = CustomerInformation(station=name, report=True, clear=True, local_list_version=1, **BY_TOKEN)
        request_id, asked = await asked_for_customer(station, operator, command)
        assert asked == {"report": True, "clear": True, **TOKEN}
        await tells(station, request_id, "cached")
        assert await station.asked("SendLocalList") == {
            "versionNumber": 2,
            "updateType": "Differential",
            "localAuthorizationList": [TOKEN],  # without idTokenInfo, which takes it off
        }
        await station.answers(call_result.SendLocalList(status="Accepted"))
        assert_told(await end_of(command, operator), "cached", local_list="Accepted")
