"""`ocppdiag customer-information`: what a station knows of a customer."""

from typing import Annotated

import typer

from ocppdiag_client.cli.asking import Station, asks
from ocppdiag_client.cli.values import private, told_of
from ocppdiag_contracts.commands import CertificateHashData, CustomerInformation, IdToken, IdTokenType

_HASHES = ("hash_algorithm", "issuer_name_hash", "issuer_key_hash", "serial_number")


@asks(
    CustomerInformation,
    named={"customer_certificate": "--certificate", "customer_identifier": "--customer"},
)
def customer_information(
    station: Station,
    *,
    report: Annotated[bool, typer.Option("--report", help="Tell what is known.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Forget it.")] = False,
    id_token: Annotated[
        str | None, typer.Option(parser=private, metavar="TEXT", help="The customer's token, with its type.")
    ] = None,
    id_token_type: Annotated[
        IdTokenType | None, typer.Option(case_sensitive=False, metavar="|".join(IdTokenType))
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            parser=private, metavar="ALGORITHM:NAMEHASH:KEYHASH:SERIAL", help="The customer's certificate."
        ),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(parser=private, metavar="TEXT", help="A name that operator and station have agreed on."),
    ] = None,
    local_list_version: Annotated[
        int | None,
        typer.Option(help="Of the station's local list, to take the cleared token off that list as well."),
    ] = None,
) -> CustomerInformation:
    """Have a station tell or forget what it knows of one customer; the text goes to you and to nobody else.

    What names the customer may be given as `@FILE`, or as `-` for standard input: so it is in no shell's history and
    in no list of processes.
    """
    return CustomerInformation(
        station=station,
        report=report,
        clear=clear,
        id_token=_token(id_token, id_token_type),
        customer_certificate=None if certificate is None else _certificate(certificate),
        customer_identifier=customer,
        local_list_version=local_list_version,
    )


def _token(text: str | None, kind: IdTokenType | None) -> IdToken | None:
    if text is None and kind is None:
        return None
    if text is None or kind is None:
        raise typer.BadParameter("--id-token, --id-token-type: go together")
    with told_of("--id-token"):
        return IdToken(id_token=text, type=kind)


def _certificate(text: str) -> CertificateHashData:
    parts = text.split(":")
    if len(parts) != len(_HASHES):
        raise typer.BadParameter("--certificate: must be ALGORITHM:NAMEHASH:KEYHASH:SERIAL")
    with told_of("--certificate"):
        return CertificateHashData.model_validate(dict(zip(_HASHES, parts, strict=True)))
