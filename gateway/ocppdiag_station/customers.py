"""What a simulated station knows of its customers, and its local list of tokens (OCPP 2.0.1 N09, N10, D01). Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ocppdiag_ocpp.customer import CertificateHashData, HashAlgorithm, IdToken, IdTokenType
from ocppdiag_ocpp.messages.customer_information import CustomerInformationRequest, CustomerInformationStatus
from ocppdiag_ocpp.messages.send_local_list import SendLocalListRequest, SendLocalListStatus, UpdateType

LONGEST_SLICE = 512
UNKNOWN = "Nothing is known of this customer."
CLEARED = "What was known of this customer has been cleared."

Token = tuple[str, IdTokenType]
Certificate = tuple[HashAlgorithm, str, str, str]


def token_of(token: IdToken) -> Token:
    """Return what makes a token the same one: its text without regard to case, and its type."""
    return token.id_token.casefold(), token.type


def certificate_of(data: CertificateHashData) -> Certificate:
    """Return what makes a certificate the same one."""
    hashes = (data.issuer_name_hash, data.issuer_key_hash, data.serial_number)
    name, key, serial = (text.casefold() for text in hashes)
    return data.hash_algorithm, name, key, serial


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer: the names for it, and the text about it."""

    text: str
    token: Token | None = None
    identifier: str | None = None
    certificate: Certificate | None = None


CUSTOMERS = (
    Customer(
        "Token 100000C01, last used 2026-01-02T10:00:00Z on EVSE 1, 14.2 kWh.",
        token=("100000c01", IdTokenType.CENTRAL),
        identifier="OpenChargeAlliance",
        certificate=(HashAlgorithm.SHA256, "a1" * 32, "b2" * 32, "0badcafe"),
    ),
    Customer(
        "\n".join(
            f"2026-01-{day:02}: session on EVSE {day % 2 + 1}, {day}.5 kWh, Müller" for day in range(1, 29)
        ),
        token=("deabcc000001", IdTokenType.EMAID),
        identifier="Müller",
    ),
)
"""The second is known at such length that it takes several slices."""


class Customers:
    """The customers that a station still knows."""

    def __init__(self, known: Iterable[Customer] = CUSTOMERS) -> None:
        self._known = tuple(known)

    def report(self, request: CustomerInformationRequest) -> str:
        """Return all that is known of a customer, "" when it is nothing."""
        return "\n".join(customer.text for customer in self._known if _is(customer, request))

    def clear(self, request: CustomerInformationRequest) -> None:
        """Forget a customer; the local list stays as it is (N10.FR.03, .06)."""
        self._known = tuple(customer for customer in self._known if not _is(customer, request))

    def tell(self, request: CustomerInformationRequest) -> str:
        """Carry out a request, and return the text that has to be notified."""
        text = self.report(request)
        if request.clear:
            self.clear(request)
        if not text:
            return UNKNOWN
        return text if request.report else CLEARED


def _is(customer: Customer, request: CustomerInformationRequest) -> bool:
    if request.id_token is not None:
        return customer.token == token_of(request.id_token)
    if request.customer_certificate is not None:
        return customer.certificate == certificate_of(request.customer_certificate)
    return customer.identifier is not None and customer.identifier == request.customer_identifier


def judge(request: CustomerInformationRequest) -> CustomerInformationStatus:
    """Judge a request by the rules of the text (N09.FR.04, .07, .09; N10.FR.07, .08)."""
    names = (request.id_token, request.customer_certificate, request.customer_identifier)
    if sum(name is not None for name in names) != 1:
        return CustomerInformationStatus.INVALID
    if not (request.report or request.clear):
        return CustomerInformationStatus.REJECTED
    return CustomerInformationStatus.ACCEPTED


def slices(text: str, longest: int = LONGEST_SLICE) -> list[str]:
    """Cut a text into what fits; there is always one slice, if only an empty one."""
    return [text[start : start + longest] for start in range(0, len(text), longest)] or [""]


class LocalList:
    """The tokens that a station knows by itself, and the version of that list."""

    def __init__(
        self, version: int = 1, tokens: Iterable[Token] = (("100000c01", IdTokenType.CENTRAL),)
    ) -> None:
        self.version = version
        self.tokens = set(tokens)

    def update(self, request: SendLocalListRequest) -> SendLocalListStatus:
        """Change or replace the list (D01.FR.15 to .19)."""
        if request.version_number < 1:
            return SendLocalListStatus.FAILED
        if request.update_type is UpdateType.FULL:
            self.tokens.clear()
        elif request.version_number <= self.version:
            return SendLocalListStatus.VERSION_MISMATCH
        for entry in request.local_authorization_list or ():
            change: Callable[[Token], None] = self.tokens.add if entry.id_token_info else self.tokens.discard
            change(token_of(entry.id_token))
        self.version = request.version_number
        return SendLocalListStatus.ACCEPTED
