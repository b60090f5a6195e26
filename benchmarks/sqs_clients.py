"""CPU of sending to SQS: boto3's client and the stream reader's, to a server that takes everything.

Sixteen batches of ten under way, over connections that are kept and without TLS. Four clients were
measured like this before one was chosen, in CPU-milliseconds per 1,000 events: boto3 109-125,
aiobotocore 70, aiohttp signed by botocore 26, aiohttp signed by ourselves 16. The last saves too
little to keep a signature of our own.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import Connection

from switchboard.aws.async_sqs import AsyncSqs
from switchboard.aws.queues import SqsOutbox
from switchboard.queue import Outgoing

BATCHES = 400
UNDER_WAY = 16
ROUNDS = 3
BODY = json.dumps({"v": 1, "event": {"id": "e" * 64, "data": "x" * 1400}})
BATCH = [Outgoing(BODY, f"interaction:{n}", f"d{n}") for n in range(10)]


def measure() -> dict[str, str]:
    """CPU-milliseconds per 1,000 events of each client, and how they compare."""
    # In a process of its own, because the clients take endpoint and credentials from its
    # environment.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
        boto3, aiohttp = alone.submit(_compare).result()
    return {
        "1,000 events to SQS over boto3": f"{boto3:.0f} CPU-ms | ",
        "1,000 events to SQS over aiohttp": (
            f"{aiohttp:.0f} CPU-ms, {aiohttp / boto3:.2f} x boto3 | 45 CPU-ms for the whole reader"
        ),
    }


def _compare() -> tuple[float, float]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    try:
        url = f"http://127.0.0.1:{ours.recv()}"
        os.environ.update(
            AWS_ACCESS_KEY_ID="x",
            AWS_SECRET_ACCESS_KEY="x",
            AWS_DEFAULT_REGION="eu-west-1",
            AWS_ENDPOINT_URL=url,
        )
        queue = f"{url}/123456789012/ingest.fifo"
        boto3 = min(_boto3(queue) for _ in range(ROUNDS))
        return boto3, min(asyncio.run(_aiohttp(queue)) for _ in range(ROUNDS))
    finally:
        server.terminate()
        server.join()


def _per_thousand(began: float) -> float:
    return (time.process_time() - began) * 1_000_000 / (BATCHES * len(BATCH))


def _boto3(queue: str) -> float:
    outbox = SqsOutbox(queue)
    with ThreadPoolExecutor(UNDER_WAY) as threads:
        outbox.send(BATCH)
        began = time.process_time()
        answers = list(threads.map(outbox.send, [BATCH] * BATCHES))
    _check(answers)
    return _per_thousand(began)


async def _aiohttp(queue: str) -> float:
    sqs = AsyncSqs("eu-west-1", connections=UNDER_WAY)
    await sqs.send_batch(queue, BATCH)
    began = time.process_time()

    async def sender() -> None:
        _check([await sqs.send_batch(queue, BATCH) for _ in range(BATCHES // UNDER_WAY)])

    await asyncio.gather(*[sender() for _ in range(UNDER_WAY)])
    await sqs.close()
    return _per_thousand(began)


def _check(answers: Sequence[Sequence[str | None]]) -> None:
    if any(any(batch) for batch in answers):
        raise AssertionError(answers)


def _serve(parent: Connection) -> None:
    """Answer every request as SQS answers a batch that it takes whole."""
    asyncio.run(_listen(parent))


async def _listen(parent: Connection) -> None:
    digest = hashlib.md5(BODY.encode(), usedforsecurity=False).hexdigest()
    taken = [{"Id": str(n), "MessageId": "m", "MD5OfMessageBody": digest} for n in range(10)]
    answer = json.dumps({"Successful": taken}).encode()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                (length,) = [line[15:] for line in lines if line.startswith(b"content-length:")]
                await reader.readexactly(int(length))
                writer.write(head % len(answer) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
