"""An asynchronous SQS client for the stream reader, which has many batches under way at once.

boto3 would need a thread for each and spends four times the CPU. This one speaks SQS's JSON
protocol over aiohttp, signed by botocore. aiohttp is no part of the layer, so no function imports
this module.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from switchboard.aws.signing import Signer
from switchboard.errors import ConfigurationError, SwitchboardError, Unavailable
from switchboard.queue import Outgoing

DOING = "sending to SQS"

_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "AmazonSQS.SendMessageBatch",
}
_MISSING = frozenset({"QueueDoesNotExist", "NonExistentQueue"})
_PASSING = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "KmsThrottled",
        "OverLimit",
        "RequestExpired",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeTooSkewed",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
_ENDED = frozenset({"ExpiredToken", "ExpiredTokenException"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What SQS answered: the JSON object in its body, empty where there is none."""

    status: int
    body: Mapping[str, Any]
    query_error: str = ""

    @property
    def code(self) -> str:
        """The error's code: the shape of the JSON protocol, without its namespace."""
        shape = str(self.body.get("__type", "")).rpartition("#")[2]
        older = self.query_error.partition(";")[0].rpartition(".")[2]
        return shape or older or f"status {self.status}"


class AsyncSqs:
    """Sends to FIFO queues, over at most `connections` connections that are kept open.

    It belongs to one event loop. `endpoint_url` is where requests go instead of the host of the
    queue's URL.
    """

    def __init__(
        self,
        region: str,
        endpoint_url: str | None = None,
        *,
        connections: int = 20,
        timeout: float = 10.0,
    ) -> None:
        self._signer = Signer("sqs", region)
        self._endpoint_url = endpoint_url
        self._connections = connections
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def send_batch(self, queue_url: str, messages: Sequence[Outgoing]) -> list[str | None]:
        """Send up to ten messages of different groups in one request.

        Returns:
            For each message None (SQS took it), or why it did not, which says where the fault is
            the message's own. A message that SQS did not answer for counts as refused.

        Raises:
            ConfigurationError: there is no such queue, or the task may not send to it.
            Unavailable: nobody can say that SQS took any; sending them again is safe.
        """
        if not messages:
            return []
        answer = await self._post(
            _endpoint(self._endpoint_url or queue_url), _body(queue_url, messages)
        )
        if answer.status == 200:
            return _read_batch(answer.body, messages)
        if answer.code in _ENDED:
            self._signer.forget()
        error = _failure(answer)
        if error is None:
            return [_refusal(answer.code, sender_fault=True)] * len(messages)
        raise error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, url: str, body: bytes) -> Answer:
        headers = await self._signer.sign(url, _HEADERS, body)
        try:
            async with self._connected().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                text = await response.read()
        except TimeoutError:
            raise Unavailable(f"{DOING}: no answer in {self._timeout:g} seconds") from None
        except aiohttp.ClientError as error:
            raise Unavailable(f"{DOING}: {type(error).__name__}") from error
        query_error = response.headers.get("x-amzn-query-error", "")
        return Answer(response.status, _object(text), query_error)

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ConfigurationError(f"{DOING}: {url!r} is no address; deploy the stack again")
    return f"{parts.scheme}://{parts.netloc}/"


def _body(queue_url: str, messages: Sequence[Outgoing]) -> bytes:
    entries = [
        {
            "Id": str(index),
            "MessageBody": message.body,
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        }
        for index, message in enumerate(messages)
    ]
    return json.dumps({"QueueUrl": queue_url, "Entries": entries}).encode("ascii")


def _object(text: bytes) -> Mapping[str, Any]:
    """The JSON object in `text`, which a proxy on the way may have written."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read_batch(body: Mapping[str, Any], messages: Sequence[Outgoing]) -> list[str | None]:
    taken = {str(entry.get("Id")): entry for entry in _entries(body, "Successful")}
    failed = {str(entry.get("Id")): entry for entry in _entries(body, "Failed")}
    return [
        _verdict(message, taken.get(str(index)), failed.get(str(index)))
        for index, message in enumerate(messages)
    ]


def _entries(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = body.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _verdict(
    message: Outgoing, taken: Mapping[str, Any] | None, failed: Mapping[str, Any] | None
) -> str | None:
    if failed is not None:
        return _refusal(failed.get("Code"), sender_fault=failed.get("SenderFault") is True)
    if taken is None:
        return "SQS did not say whether it took it"
    digest = hashlib.md5(message.body.encode("utf-8", "replace"), usedforsecurity=False)
    if taken.get("MD5OfMessageBody") != digest.hexdigest():
        return "SQS took another text than was sent"
    return None


def _refusal(code: Any, *, sender_fault: bool) -> str:
    return f"SQS refused it: {code or 'no code'}" + (" (sender's fault)" if sender_fault else "")


def _failure(answer: Answer) -> SwitchboardError | None:
    """What the refusal of a whole request means; None: it is the fault of what was sent."""
    code = answer.code
    if code in _PASSING or answer.status >= 500 or answer.status in {408, 429}:
        return Unavailable(f"{DOING}: AWS answered {code}")
    if code in _MISSING:
        return ConfigurationError(f"{DOING}: there is no such queue; deploy the stack again")
    if answer.status in {401, 403} or "AccessDenied" in code:
        return ConfigurationError(
            f"{DOING}: AWS answered {code}: the task's role may not do it; deploy the stack again"
        )
    if answer.status == 400 and answer.body:
        return None
    return Unavailable(f"{DOING}: AWS answered {code}")
