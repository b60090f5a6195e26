"""Calling a vendor: one request, no redirects, no hidden retries, a checked address."""

import time
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

import urllib3

from switchboard.errors import ConfigurationError, OutcomeUnknown, Unavailable
from switchboard.http.addresses import Resolve, checked_address, resolve
from switchboard.http.answers import Answer

CONNECT_SECONDS = 3.0
LARGEST_ANSWER = 64 * 1024


class HttpClient:
    """A client of one destination. Connections are kept for the life of the sandbox.

    `private_hosts` are the names, addresses and networks that may be called although they are not
    public, and over plain http. `timeout_seconds` bounds the whole request, and of an answer
    `largest_answer` bytes are read.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        private_hosts: Collection[str] = (),
        lookup: Resolve = resolve,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        self._timeout = timeout_seconds
        self._private_hosts = frozenset(private_hosts)
        self._lookup = lookup
        self._largest = largest_answer
        self._pools: dict[tuple[str, str, int, str], urllib3.HTTPConnectionPool] = {}

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send one request and read its answer, as far as the client's limit.

        Raises:
            ConfigurationError: the url is not one that may be called.
            Unavailable: no connection: nothing was sent.
            OutcomeUnknown: the request may have been read, and no answer came.
        """
        parts = checked_url(url, self._private_hosts)
        host, port = str(parts.hostname), parts.port or _port(parts.scheme)
        address = checked_address(host, port, self._private_hosts, self._lookup)
        pool = self._pool(parts.scheme, host, port, address)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        deadline = time.monotonic() + self._timeout
        try:
            response = pool.urlopen(
                method,
                target,
                body=body,
                headers={"host": parts.netloc, "user-agent": "switchboard", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(
                    connect=min(CONNECT_SECONDS, self._timeout), read=self._timeout
                ),
            )
            read = _read(response, deadline, self._largest)
        except urllib3.exceptions.SSLError:
            raise Unavailable(f"calling {host}: its certificate is not valid") from None
        except (
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.NewConnectionError,
        ) as error:
            raise Unavailable(f"calling {host}: no connection ({type(error).__name__})") from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise OutcomeUnknown(
                f"calling {host}: no answer after the request ({type(error).__name__})"
            ) from None
        return Answer(
            response.status, {name.lower(): text for name, text in response.headers.items()}, read
        )

    def _pool(self, scheme: str, host: str, port: int, address: str) -> Any:
        """A pool to the address that was checked, under the name that was asked for."""
        key = (scheme, host, port, address)
        if key not in self._pools:
            make: Any = urllib3.HTTPConnectionPool
            if scheme == "https":
                make = partial(
                    urllib3.HTTPSConnectionPool,
                    server_hostname=host,
                    assert_hostname=host,
                    cert_reqs="CERT_REQUIRED",
                )
            self._pools[key] = make(address, port, maxsize=1, block=False)
        return self._pools[key]


def checked_url(url: str, private_hosts: Collection[str]) -> SplitResult:
    """The parts of a url that may be called.

    Raises:
        ConfigurationError: it is not https (plain http is for private hosts alone), or odd.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the url cannot be read") from None
    if not parts.hostname or parts.username or parts.password or port == 0:
        raise ConfigurationError("the url needs a host, and may hold no user name or password")
    if parts.scheme != "https" and not (parts.scheme == "http" and private_hosts):
        raise ConfigurationError("the url must begin with https://")
    return parts


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _read(response: Any, deadline: float, largest: int) -> bytes:
    """The body, as far as limit and time allow: a status that was read counts, whatever follows."""
    chunks: list[bytes] = []
    size = 0
    try:
        while size < largest and time.monotonic() < deadline:
            chunk = response.read(min(8192, largest - size))
            if not chunk:
                response.release_conn()
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
    except (urllib3.exceptions.HTTPError, OSError):
        pass
    response.close()
    return b"".join(chunks)
