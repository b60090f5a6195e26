from collections.abc import Callable, Sequence
from ipaddress import ip_address

import pytest

from switchboard.errors import ConfigurationError, Unavailable
from switchboard.http.addresses import checked_address, is_public, resolve


def answering(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    def lookup(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    return lookup


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
def test_what_is_not_public_is_refused_and_the_remedy_is_named(address: str) -> None:
    with pytest.raises(ConfigurationError, match="private_hosts"):
        checked_address("innocent.example", 443, (), answering(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_what_is_public_is_taken(address: str) -> None:
    assert is_public(ip_address(address))
    assert checked_address("dns.example", 443, (), answering(address)) == address


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(ConfigurationError):
        checked_address("mixed.example", 443, (), answering("8.8.8.8", "127.0.0.1"))


@pytest.mark.parametrize("listed", ["inner.example", "10.0.0.7", "10.0.0.0/24"])
def test_a_private_host_may_be_listed_by_name_address_or_network(listed: str) -> None:
    assert checked_address("inner.example", 443, (listed,), answering("10.0.0.7")) == "10.0.0.7"


def test_a_listed_neighbour_opens_nothing_else() -> None:
    with pytest.raises(ConfigurationError):
        checked_address("other.example", 443, ("inner.example", "10.0.0.8"), answering("10.0.0.7"))


def test_a_name_without_an_address_passes() -> None:
    with pytest.raises(Unavailable):
        checked_address("nowhere.example", 443, (), answering())
    with pytest.raises(Unavailable):
        resolve("nowhere.invalid", 443)
