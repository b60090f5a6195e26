"""The asynchronous SQS client: over moto's server, and over a server that answers badly."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from switchboard.aws.async_sqs import AsyncSqs
from switchboard.aws.signing import READ_EVERY_SECONDS, Signer
from switchboard.errors import ConfigurationError, SwitchboardError, Unavailable
from switchboard.queue import Outgoing
from switchboard.testing.stand_in import Arrived, Reply, StandIn, closed_url
from switchboard.testing.stores import Clock

REGION = "eu-west-1"
MESSAGES = [Outgoing(f'{{"n": {n}}}', f"g{n}", f"d{n}") for n in range(3)]
QUEUE = "/123456789012/ingest.fifo"

pytestmark = pytest.mark.usefixtures("credentials")


def send(
    url: str, *batches: Sequence[Outgoing], endpoint_url: str | None = None
) -> list[list[str | None]]:
    """Send the batches, at once, with one client."""

    async def run() -> list[list[str | None]]:
        sqs = AsyncSqs(REGION, endpoint_url)
        try:
            return await asyncio.gather(*[sqs.send_batch(url, batch) for batch in batches])
        finally:
            await sqs.close()

    return asyncio.run(run())


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - SQS's own


def taken(messages: Sequence[Outgoing]) -> list[dict[str, str]]:
    return [
        {"Id": str(n), "MessageId": f"m{n}", "MD5OfMessageBody": md5(message.body)}
        for n, message in enumerate(messages)
    ]


def reply(status: int = 200, **body: Any) -> Reply:
    return Reply(status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(body))


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class TestOverMoto:
    @pytest.fixture
    def queue(self, moto: str, request: pytest.FixtureRequest) -> str:
        sqs = boto3.client("sqs", endpoint_url=moto)
        name = f"{request.node.name[:60]}.fifo"
        return str(sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"])

    def received(self, moto: str, queue: str) -> set[tuple[str, str, str]]:
        sqs = boto3.client("sqs", endpoint_url=moto)
        found: set[tuple[str, str, str]] = set()
        while messages := sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"]
        ).get("Messages"):
            for one in messages:
                attributes = one["Attributes"]
                ids = attributes["MessageGroupId"], attributes["MessageDeduplicationId"]
                found.add((one["Body"], *ids))
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
        return found

    def test_messages_arrive_as_they_were_sent(self, moto: str, queue: str) -> None:
        batches = [
            [Outgoing(f'"\\u00fc {n} {m}"', f"g{m}", f"d{n}-{m}") for m in range(10)]
            for n in range(5)
        ]
        assert send(queue, *batches) == [[None] * 10] * 5
        assert self.received(moto, queue) == {
            (one.body, one.group, one.deduplication_id) for batch in batches for one in batch
        }

    def test_a_message_that_is_sent_again_is_taken_and_swallowed(
        self, moto: str, queue: str
    ) -> None:
        assert send(queue, MESSAGES) == send(queue, MESSAGES) == [[None] * 3]
        assert len(self.received(moto, queue)) == 3

    def test_the_endpoint_may_be_another_than_the_queues(self, moto: str, queue: str) -> None:
        real = queue.replace(moto, "https://sqs.eu-west-1.amazonaws.com")
        assert send(real, MESSAGES, endpoint_url=moto) == [[None] * 3]
        assert len(self.received(moto, queue)) == 3

    def test_a_queue_that_is_missing_is_ours_to_fix(self, moto: str) -> None:
        with pytest.raises(ConfigurationError, match="no such queue"):
            send(f"{moto}/123456789012/none.fifo", MESSAGES)

    def test_no_message_is_no_request(self) -> None:
        assert send(closed_url() + QUEUE, []) == [[]]


class TestAnswers:
    def test_each_message_has_its_own_answer(self, vendor: StandIn) -> None:
        failed = [
            {"Id": "0", "Code": "InternalError", "SenderFault": False},
            {"Id": "2", "Code": "InvalidMessageContents", "SenderFault": True},
        ]
        vendor.replies = [reply(Successful=taken(MESSAGES)[1:2], Failed=failed)]
        assert send(vendor.url + QUEUE, MESSAGES) == [
            [
                "SQS refused it: InternalError",
                None,
                "SQS refused it: InvalidMessageContents (sender's fault)",
            ]
        ]

    @pytest.mark.parametrize(
        "body",
        [
            "garbage",
            "",
            "[]",
            '{"Successful": null, "Failed": {}}',
            '{"Successful": [null, 1, {"Id": ["0"]}, {"Id": "7"}]}',
            "\udcff{",
        ],
    )
    def test_what_sqs_did_not_answer_for_counts_as_refused(
        self, vendor: StandIn, body: str
    ) -> None:
        vendor.replies = [Reply(200, {}, body.encode("utf-8", "replace").decode())]
        (answers,) = send(vendor.url + QUEUE, MESSAGES)
        assert answers == ["SQS did not say whether it took it"] * 3

    def test_a_text_that_changed_on_the_way_counts_as_refused(self, vendor: StandIn) -> None:
        entries = taken(MESSAGES)
        entries[1]["MD5OfMessageBody"] = md5("another")
        vendor.replies = [reply(Successful=entries)]
        (answers,) = send(vendor.url + QUEUE, MESSAGES)
        assert [answer is None for answer in answers] == [True, False, True]

    def test_a_batch_that_is_refused_whole_is_refused_message_by_message(
        self, vendor: StandIn
    ) -> None:
        vendor.replies = [reply(400, __type="com.amazonaws.sqs#BatchRequestTooLong")]
        (answers,) = send(vendor.url + QUEUE, MESSAGES)
        assert answers == ["SQS refused it: BatchRequestTooLong (sender's fault)"] * 3

    @pytest.mark.parametrize(
        ("answer", "error", "said"),
        [
            (reply(500, __type="com.amazonaws.sqs#InternalFailure"), Unavailable, "InternalF"),
            (Reply(503, {}, "<html>busy</html>"), Unavailable, "status 503"),
            (reply(400, __type="com.amazonaws.sqs#RequestThrottled"), Unavailable, "Throttled"),
            (reply(403, __type="ThrottlingException"), Unavailable, "Throttling"),
            (reply(403, __type="RequestTimeTooSkewed"), Unavailable, "Skewed"),
            (Reply(400, {}, "who are you?"), Unavailable, "status 400"),
            (Reply(302, {"Location": "/elsewhere"}), Unavailable, "status 302"),
            (reply(403, __type="com.amazonaws.sqs#AccessDenied"), ConfigurationError, "role"),
            (reply(400, __type="KmsAccessDenied"), ConfigurationError, "KmsAccessDenied"),
            (reply(403, __type="InvalidClientTokenId"), ConfigurationError, "ClientToken"),
            (Reply(403, {}, "<html>no</html>"), ConfigurationError, "status 403"),
            (reply(400, __type="com.amazonaws.sqs#QueueDoesNotExist"), ConfigurationError, "queue"),
            (
                Reply(
                    400,
                    {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
                    "{}",
                ),
                ConfigurationError,
                "no such queue",
            ),
        ],
    )
    def test_a_failed_request_has_its_class(
        self, vendor: StandIn, answer: Reply, error: type[SwitchboardError], said: str
    ) -> None:
        vendor.replies = [answer]
        with pytest.raises(error, match=said):
            send(vendor.url + QUEUE, MESSAGES)
        assert len(vendor.arrived) == 1

    def test_a_connection_that_ends_is_unavailable_and_the_next_request_goes(
        self, vendor: StandIn
    ) -> None:
        async def run() -> list[str | None]:
            sqs = AsyncSqs(REGION)
            try:
                with pytest.raises(Unavailable, match="sending to SQS"):
                    await sqs.send_batch(vendor.url + QUEUE, MESSAGES)
                return await sqs.send_batch(vendor.url + QUEUE, MESSAGES)
            finally:
                await sqs.close()

        vendor.replies = [Reply(hang_up=True), reply(Successful=taken(MESSAGES))]
        assert asyncio.run(run()) == [None] * 3

    def test_a_server_that_does_not_answer_is_unavailable(self, vendor: StandIn) -> None:
        async def run() -> None:
            sqs = AsyncSqs(REGION, timeout=0.2)
            try:
                await sqs.send_batch(vendor.url + QUEUE, MESSAGES)
            finally:
                await sqs.close()

        vendor.replies = [Reply(silent=True)]
        with pytest.raises(Unavailable, match="no answer"):
            asyncio.run(run())

    def test_nobody_there_is_unavailable(self) -> None:
        with pytest.raises(Unavailable, match="sending to SQS"):
            send(closed_url() + QUEUE, MESSAGES)

    def test_an_address_that_is_none_is_ours_to_fix(self) -> None:
        with pytest.raises(ConfigurationError, match="no address"):
            send("ingest.fifo", MESSAGES)

    def test_connections_are_kept_and_never_more_than_allowed(self) -> None:
        opened = 0
        answer = json.dumps({"Successful": taken(MESSAGES)}).encode()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened
            opened += 1
            with suppress(asyncio.IncompleteReadError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    (length,) = re.findall(rb"(?i)content-length: (\d+)", head)
                    await reader.readexactly(int(length))
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer))
                    writer.write(answer)
            writer.close()
            await writer.wait_closed()

        def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.ensure_future(serve(reader, writer)))

        tasks: list[asyncio.Future[None]] = []

        async def run() -> None:
            server = await asyncio.start_server(served, "127.0.0.1", 0)
            host, port = server.sockets[0].getsockname()
            sqs = AsyncSqs(REGION, connections=2)
            url = f"http://{host}:{port}{QUEUE}"
            for _ in range(3):
                sent = await asyncio.gather(*[sqs.send_batch(url, MESSAGES) for _ in range(6)])
                assert sent == [[None] * 3] * 6
            await sqs.close()
            server.close()
            await asyncio.gather(*tasks)

        asyncio.run(run())
        assert opened == 2


def signature(request: Arrived, secret: str) -> str:
    """The Authorization header that AWS would compute for what arrived, by its documentation.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    given = request.headers["authorization"]
    fields = dict(part.strip().split("=", 1) for part in given.split(" ", 1)[1].split(","))
    scope = fields["Credential"].split("/", 1)[1]
    signed = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            request.method,
            request.path,
            "",
            *[f"{name}:{request.headers[name].strip()}" for name in signed],
            "",
            ";".join(signed),
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashed])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    made = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (
        f"AWS4-HMAC-SHA256 Credential={fields['Credential']},"
        f" SignedHeaders={fields['SignedHeaders']}, Signature={made}"
    )


class TestSignature:
    def test_it_is_what_aws_computes_of_what_arrives(
        self, vendor: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token/+=")
        vendor.replies = [reply(Successful=taken(MESSAGES))]
        assert send(vendor.url + QUEUE, MESSAGES) == [[None] * 3]
        (request,) = vendor.arrived
        assert request.headers["authorization"] == signature(request, "testing")
        assert request.headers["x-amz-target"] == "AmazonSQS.SendMessageBatch"
        assert request.headers["x-amz-security-token"] == "token/+="
        signed = request.headers["authorization"]
        assert "/eu-west-1/sqs/aws4_request" in signed
        for name in ("content-type", "host", "x-amz-date", "x-amz-target", "x-amz-security-token"):
            assert name in signed

    def test_credentials_that_ended_are_read_again(
        self, vendor: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def run() -> None:
            sqs = AsyncSqs(REGION)
            with pytest.raises(Unavailable, match="ExpiredToken"):
                await sqs.send_batch(vendor.url + QUEUE, MESSAGES)
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
            assert await sqs.send_batch(vendor.url + QUEUE, MESSAGES) == [None] * 3
            await sqs.close()

        vendor.replies = [reply(403, __type="ExpiredToken"), reply(Successful=taken(MESSAGES))]
        asyncio.run(run())
        keys = [one.headers["authorization"].split("/")[0] for one in vendor.arrived]
        assert keys == [
            "AWS4-HMAC-SHA256 Credential=testing",
            "AWS4-HMAC-SHA256 Credential=second",
        ]

    def test_the_tasks_role_is_asked_again_before_its_credentials_end(
        self, vendor: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Fargate, where credentials come over HTTP and last for hours."""
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{vendor.url}/role")
        soon = (datetime.now(UTC) + timedelta(minutes=12)).strftime("%Y-%m-%dT%H:%M:%SZ")
        vendor.replies = [
            reply(AccessKeyId=key, SecretAccessKey="s", Token="t", Expiration=soon)
            for key in ("first", "second", "third")
        ]
        clock = Clock()

        async def run() -> list[str]:
            signer = Signer("sqs", REGION, clock)

            async def key() -> str:
                signed = await signer.sign("https://sqs.eu-west-1.amazonaws.com/", {}, b"{}")
                return signed["Authorization"].split("/")[0].rpartition("=")[2]

            first = await asyncio.gather(key(), key(), key())
            clock.forward(READ_EVERY_SECONDS - 1)
            kept = await key()
            clock.forward(1)
            return [*first, kept, await key()]

        *before, after = asyncio.run(run())
        assert len(set(before)) == 1
        assert after not in before

    def test_a_process_without_credentials_is_ours_to_fix(
        self, vendor: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(ConfigurationError, match="give its task a role"):
            send(vendor.url + QUEUE, MESSAGES)
        assert vendor.arrived == []
