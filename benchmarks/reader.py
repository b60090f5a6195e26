"""CPU of the stream reader: from the socket to SQS and back to the answer, ordered.

The simulator and an SQS that takes everything are processes of their own, so that only the reader
is measured. Beside it runs the least that could be called a reader: it takes frames, sends them in
tens and answers, and knows no event, no order and no failure.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

from websockets.asyncio.client import connect

from functions.stream_reader.ports import Ports
from functions.stream_reader.source_reader import SourceReader
from switchboard.aws.async_sqs import AsyncSqs
from switchboard.configuration import LastGood, Parameters
from switchboard.queue import Outgoing
from switchboard.testing.reading import MemoryBulk, MemoryCheckpoints, MemoryLeases
from switchboard.testing.receiving import MemorySecrets
from switchboard.testing.stores import (
    MemoryBucket,
    MemoryConfiguration,
    MemoryParameters,
    RecordingTelemetry,
)

INTERACTIONS = 2_500
WINDOW = 1_000
TENANT, TOPIC = "acme01", "event-v1/all"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/ingest.fifo"


def measure() -> dict[str, str]:
    """CPU-milliseconds per 1,000 events, as a multiple of the bare loop; and memory."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "desk.pulsar", "--ready", str(ready), "--api-key", "key"]
        command += ["--topic", f"{TENANT}/{TOPIC}", "--interactions", str(INTERACTIONS)]
        command += ["--log", f"{folder}/log.jsonl", "--parent", str(os.getpid())]
        simulator = subprocess.Popen(command)
        try:
            while not ready.exists():
                time.sleep(0.05)
            published = _settled(Path(folder) / "log.jsonl")
            url = json.loads(ready.read_text())["ws"]
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                bare, ours, grown, most = alone.submit(_compare, url, published).result()
        finally:
            simulator.terminate()
            simulator.wait()
    return {
        "1,000 events from the stream to SQS": (
            f"{ours:.0f} CPU-ms, {ours / bare:.2f} x a bare loop ({bare:.0f}) | 45 CPU-ms"
        ),
        "events held at once": f"{most} | {WINDOW}, the window",
        "memory, from a tenth of the events to all": f"+{grown:.1f} MB | flat",
    }


def _settled(log: Path) -> int:
    """How many events there are, once no more come."""
    count = -1
    while True:
        time.sleep(1.0)
        now = log.read_text().count('"published"') if log.exists() else 0
        if now and now == count:
            return count
        count = now


def _compare(stream: str, published: int) -> tuple[float, float, float, int]:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    os.environ.update(
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",
        AWS_DEFAULT_REGION="eu-west-1",
    )
    sqs = f"http://127.0.0.1:{ours.recv()}"
    try:
        bare = asyncio.run(_bare(stream, sqs, published))
        return (bare, *asyncio.run(_whole(stream, sqs, published)))
    finally:
        server.terminate()
        server.join()


async def _bare(stream: str, sqs: str, published: int) -> float:
    """Frames in, tens out, answers back."""
    sender = AsyncSqs("eu-west-1", sqs)
    url = f"{stream}/ws/v2/reader/persistent/{TENANT}/{TOPIC}?messageId=earliest"
    under_way: set[asyncio.Task[None]] = set()
    async with connect(
        url, additional_headers={"X-API-Key": "key"}, compression=None, max_size=None
    ) as socket:
        began = time.process_time()

        async def send(ids: list[str], batch: list[Outgoing]) -> None:
            await sender.send_batch(QUEUE, batch)
            for message_id in ids:
                await socket.send(json.dumps({"messageId": message_id}))

        ids: list[str] = []
        batch: list[Outgoing] = []
        for number in range(published):
            frame = json.loads(await socket.recv())
            ids.append(frame["messageId"])
            batch.append(Outgoing(frame["payload"], str(number % 10), frame["messageId"]))
            if len(batch) == 10 or number == published - 1:
                task = asyncio.create_task(send(ids, batch))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                ids, batch = [], []
        await asyncio.gather(*under_way)
        spent = time.process_time() - began
    await sender.close()
    return spent * 1_000_000 / published


class _Counting:
    """An AsyncSqs that knows how much it took, and how much was under way at most."""

    def __init__(self, sqs: AsyncSqs) -> None:
        self.taken = 0
        self._sqs = sqs

    async def send_batch(self, queue_url: str, messages: Sequence[Outgoing]) -> list[str | None]:
        answers = await self._sqs.send_batch(queue_url, messages)
        self.taken += sum(answer is None for answer in answers)
        return answers


async def _whole(stream: str, sqs: str, published: int) -> tuple[float, float, int]:
    """The product's reader; how much its memory grows, and how many events it held at most."""
    client = AsyncSqs("eu-west-1", sqs)
    sender = _Counting(client)
    reader = SourceReader("contact-centre", "stream", _ports(stream, sender))
    most, at_first = 0, 0.0
    running = asyncio.create_task(reader.run())
    while not sender.taken:
        await asyncio.sleep(0)
    began = time.process_time()
    while sender.taken < published:
        await asyncio.sleep(0.05)
        most = max(most, reader.in_flight)
        if not at_first and sender.taken > published / 10:
            at_first = _megabytes()
    spent = time.process_time() - began
    grown = _megabytes() - at_first
    reader.stop()
    await running
    await client.close()
    return spent * 1_000_000 / published, grown, most


def _ports(stream: str, sender: _Counting) -> Ports:
    telemetry = RecordingTelemetry()
    document = {"host": stream.removeprefix("ws://"), "tls": False, "tenant": TENANT}
    document |= {"start": "earliest", "receiver_queue_size": WINDOW}
    parameters = MemoryParameters()
    parameters.set("sources/contact-centre", json.dumps(document))
    secrets = MemorySecrets()
    secrets.values["sources/contact-centre"] = ({"key": "key"},)
    return Ports(
        sender=sender,
        ingest_url=QUEUE,
        bulk_url=QUEUE,
        claims=MemoryBucket(),
        parameters=Parameters(parameters, time.time),
        last_good=LastGood(MemoryConfiguration(), telemetry),
        secrets=secrets,
        leases=MemoryLeases(),
        checkpoints=MemoryCheckpoints(),
        bulk_progress=MemoryBulk(),
        telemetry=telemetry,
        owner="benchmark",
    )


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(parent: Connection) -> None:
    """Answer every batch as SQS answers one that it takes whole."""
    asyncio.run(_listen(parent))


async def _listen(parent: Connection) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                (length,) = [line[15:] for line in lines if line.startswith(b"content-length:")]
                batch = json.loads(await reader.readexactly(int(length)))
                taken = [
                    {
                        "Id": entry["Id"],
                        "MessageId": "m",
                        "MD5OfMessageBody": hashlib.md5(
                            entry["MessageBody"].encode(), usedforsecurity=False
                        ).hexdigest(),
                    }
                    for entry in batch["Entries"]
                ]
                answer = json.dumps({"Successful": taken}).encode()
                writer.write(head % len(answer) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
