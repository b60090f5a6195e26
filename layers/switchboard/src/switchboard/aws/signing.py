"""Requests to AWS signed outside of boto3: botocore's own signature, without its client."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session

from switchboard.aws.failures import translated
from switchboard.errors import ConfigurationError

READ_EVERY_SECONDS = 300.0


class Signer:
    """Signs POST requests to `service` with the credentials of the process.

    botocore refreshes credentials a quarter of an hour before they end, and blocks while it does.
    So they are read in a thread, every five minutes, and kept in between.
    """

    def __init__(
        self, service: str, region: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._region = region
        self._clock = clock
        self._credentials: Any = None
        self._auth: SigV4Auth | None = None
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def sign(self, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """`headers` with the signature's own.

        Raises:
            ConfigurationError: the process has no credentials.
            Unavailable: they cannot be read now.
        """
        request = AWSRequest("POST", url, dict(headers), body)
        (await self._current()).add_auth(request)
        return dict(request.headers.items())

    def forget(self) -> None:
        """Read the credentials again before the next signature: AWS says that they ended."""
        self._credentials = self._auth = None

    async def _current(self) -> SigV4Auth:
        if (auth := self._fresh()) is not None:
            return auth
        async with self._reading:
            if (auth := self._fresh()) is None:
                began = self._clock()
                auth = self._auth = await asyncio.to_thread(self._read)
                self._read_at = began
        return auth

    def _fresh(self) -> SigV4Auth | None:
        return self._auth if self._clock() - self._read_at < READ_EVERY_SECONDS else None

    def _read(self) -> SigV4Auth:
        with translated("reading the credentials for AWS"):
            if self._credentials is None:
                self._credentials = get_session().get_credentials()
            if self._credentials is None:
                raise ConfigurationError(
                    "reading the credentials for AWS: the process has none; give its task a role"
                )
            frozen = self._credentials.get_frozen_credentials()
        return SigV4Auth(frozen, self._service, self._region)
