"""Who calls: the address, the transport and the certificate behind an upgrade request, also through proxies. Pure."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Protocol

from ocppdiag_gateway.certificate import StationCertificate, read, read_header

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SECURE = {"https", "wss"}
"""What proxies call a request over TLS; some name websockets apart."""


class Headers(Protocol):
    """Of a request; a header may have come more than once."""

    def get_all(self, key: str, /) -> list[str]:
        """All values of a header, whatever the case of its name."""
        ...


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word is taken for who calls, and in which header it hands on a station's certificate."""

    proxies: tuple[Network, ...] = ()
    certificate_header: str | None = None

    def takes_word_of(self, address: Address) -> bool:
        """Whether this is a proxy of the operator's."""
        return any(address in network for network in self.proxies)


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request came from, whether over TLS, and the certificate that was shown."""

    address: str
    tls: bool
    certificate: StationCertificate | None

    @property
    def network(self) -> str:
        """What one customer of a provider has to choose addresses from: an IPv4 address, the /64 of an IPv6 one."""
        address = _address(self.address)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((address, 64), strict=False))
        return self.address


def caller_of(peer: str, *, tls: bool, certificate: bytes | None, headers: Headers, trust: Trust) -> Caller:
    """Say who calls: the other end of the socket, or, if that is a proxy of ours, whom its headers name.

    `certificate` is the DER that the other end has shown in its handshake. Of a proxy nothing but its headers counts:
    its transport and its certificate are not the station's. Of anybody else no header counts.
    """
    address = _address(peer)
    if address is None or not trust.takes_word_of(address):
        return Caller(str(address or peer), tls, read(certificate) if tls and certificate else None)
    secure = _secure(headers)
    return Caller(
        str(_forwarded(address, headers, trust)), secure, _certificate(headers, trust) if secure else None
    )


def _forwarded(peer: Address, headers: Headers, trust: Trust) -> Address:
    """Walk back from hop to hop while it is a proxy of ours that tells who came before it."""
    address = peer
    for hop in reversed(",".join(headers.get_all("X-Forwarded-For")).split(",")):
        before = _address(hop)
        if before is None or not trust.takes_word_of(address):
            break
        address = before
    return address


def _secure(headers: Headers) -> bool:
    hops = ",".join(headers.get_all("X-Forwarded-Proto")).split(",")
    return all(hop.strip().lower() in SECURE for hop in hops)


def _certificate(headers: Headers, trust: Trust) -> StationCertificate | None:
    values = headers.get_all(trust.certificate_header) if trust.certificate_header else []
    # Of two, one may be the station's own word, which a careless proxy has let through.
    return read_header(values[0]) if len(values) == 1 else None


def _address(text: str) -> Address | None:
    """Read an address, with or without a port; an IPv4 address that is written as an IPv6 one is what it is."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
