"""Which network addresses a webhook may reach: a guard against being used to look into our own network (SSRF)."""

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits


def may_reach(address: Address, allowed: Sequence[Network], *, loopback: bool) -> bool:
    """Public addresses, and networks that the operator allowed (a neighbour system on the government's own network).

    `loopback`: this machine too, for development.
    """
    inner = _inner(address)
    if inner.is_loopback:
        return loopback
    if any(inner.version == network.version and inner in network for network in allowed):
        return True
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one wraps, if it does: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
