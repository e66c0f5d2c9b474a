"""The address of a host: resolved once, checked, and connected to as it was checked.

Whoever names a source or a receiver could otherwise reach, with the function's network, what only
it reaches: metadata services, other functions, private networks. A name that resolves anew at the
time of the connection could pass the check with one address and be connected to another.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import NamedTuple

from waybill.outbound.error import OutboundError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Not public, though Python counts them as global: protocol assignments, with metadata services
# among them, relays, and documentation.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")
)
# The only IPv6 addresses that are assigned to public hosts. Outside are old and reserved forms that
# Python counts as global, among them some that carry a local IPv4 address.
_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
Resolve = Callable[[str, int], list[str]]


class Guard(NamedTuple):
    """What may be reached beside public addresses, and whether without TLS."""

    networks: tuple[Network, ...] = ()
    plain_http: bool = False

    @classmethod
    def of(cls, networks: str, *, plain_http: bool) -> "Guard":
        """From settings: networks in CIDR notation, with commas between them.

        Raises:
            ValueError: one of them is not a network.
        """
        given = [one.strip() for one in networks.split(",") if one.strip()]
        return cls(tuple(ipaddress.ip_network(one) for one in given), plain_http)

    def allows(self, address: Address) -> bool:
        """Whether a host may be at this address."""
        seen = _embedded(address)
        if _is_in(seen, self.networks):
            return True
        if seen.version == 6 and seen not in _PUBLIC_IPV6:
            return False
        return seen.is_global and not seen.is_multicast and not _is_in(seen, _NOT_PUBLIC)


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == one.version and address in one for one in networks)


def _embedded(address: Address) -> Address:
    """The IPv4 address within an IPv6 one that only carries it."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def resolve(host: str, port: int) -> list[str]:
    """The addresses of the host, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_address(guard: Guard, host: str, port: int, resolving: Resolve = resolve) -> str:
    """The address to connect to.

    Raises:
        OutboundError: `unreachable`, the host has no address; `refused`, one of its addresses is
            not public and not allowed.
    """
    try:
        found = resolving(host, port)
    except (OSError, UnicodeError) as error:
        raise OutboundError("unreachable", f"The host {host} cannot be resolved.") from error
    if not found:
        raise OutboundError("unreachable", f"The host {host} has no address.")
    # All of them, so that a host with one public address cannot lead to another by chance.
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        if not guard.allows(address):
            detail = f"The host {host} is at {address}, which is not public."
            raise OutboundError("refused", detail)
    return found[0]
