"""Which addresses a destination may be: public ones, and private ones that were deployed as such.

A URL comes from a document; without this check, whoever may write documents could make a function
call what only the inside of a network reaches (server-side request forgery).
"""

import socket
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from switchboard.errors import ConfigurationError, Unavailable

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

# Ranges that Python counts as global although nothing public lives there, or that wrap others.
_MORE = tuple(
    ip_network(network)
    for network in ("100.64.0.0/10", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")
)


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of `host`, as the system resolves it.

    Raises:
        Unavailable: it has none now.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable(f"calling {host}: the name has no address") from None
    return [str(entry[4][0]) for entry in found]


def checked_address(
    host: str, port: int, private_hosts: Collection[str], lookup: Resolve = resolve
) -> str:
    """The address to connect to: resolved once, all of them checked, the first one used.

    Raises:
        ConfigurationError: one of them is private and `private_hosts` names neither the host, nor
            the address, nor a network that holds it.
        Unavailable: the name has no address now.
    """
    addresses = list(lookup(host, port))
    if not addresses:
        raise Unavailable(f"calling {host}: the name has no address")
    for text in addresses:
        if host not in private_hosts and not _allowed(text, private_hosts):
            raise ConfigurationError(
                f"calling {host}: its address is not public; if that is meant, list the host in"
                " private_hosts of the destination's entry in cdk.json and deploy again"
            )
    return addresses[0]


def _allowed(text: str, private_hosts: Collection[str]) -> bool:
    address = ip_address(text.partition("%")[0])
    return is_public(address) or any(_holds(network, address) for network in private_hosts)


def _holds(network: str, address: Address) -> bool:
    try:
        return address in ip_network(network)
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Whether anybody's server can have `address`."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        return is_public(mapped)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _MORE)
    )
