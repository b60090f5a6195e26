"""Hosts as documents name them: a name and perhaps a port, and TLS everywhere but on loopback."""

import re

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[::1\])(?::(?P<port>[0-9]{1,5}))?"
)
_PORT = re.compile(r":[0-9]{1,5}$")


def check_host(text: str, field: str, example: str) -> str:
    """`text`, if it is a host.

    Raises:
        ValueError: it is none; the message names the `field` and an `example`.
    """
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found["port"] or 443) <= 65_535:
        raise ValueError(
            f"{field} must be a host's name and perhaps :port, such as {example}, without wss://"
            " and without a path"
        )
    return text


def check_tls(host: str, field: str, *, tls: bool) -> None:
    """Refuse to send a credential in the open.

    Raises:
        ValueError: TLS is off, and the host is elsewhere.
    """
    if not tls and _PORT.sub("", host) not in LOOPBACK:
        raise ValueError(
            f"tls can be false only where {field} is one of {', '.join(sorted(LOOPBACK))}: the"
            " key would travel in the open"
        )
