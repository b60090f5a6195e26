"""`python -m desk.pulsar`: serve until SIGTERM."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
from pathlib import Path

from desk.pulsar.admin import Admin
from desk.pulsar.cluster import Settings
from desk.pulsar.control import Control
from desk.pulsar.interactions import payloads_of, publish, publish_interactions
from desk.pulsar.server import Simulator


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m desk.pulsar",
        description="A stand-in for 8x8's event stream: Pulsar's WebSocket protocol on loopback.",
    )
    parser.add_argument("--port", type=int, default=0, help="of the WebSocket server (0: free)")
    parser.add_argument("--admin-port", type=int, default=0, help="of the JSON API (0: free)")
    parser.add_argument("--ready", type=Path, help="file that gets the URLs when it listens")
    parser.add_argument("--log", type=Path, help="JSON lines of all that was published and done")
    parser.add_argument("--secret", default="", help="hex key that signs tokens (none: open)")
    parser.add_argument("--api-key", action="append", default=[], help="value of X-API-Key taken")
    parser.add_argument("--namespace", action="append", default=[], help="tenant/namespace")
    parser.add_argument("--entries-per-ledger", type=int, default=50_000)
    parser.add_argument("--idle-seconds", type=float, default=300.0)
    parser.add_argument("--topic", help="tenant/namespace/topic that is published to")
    parser.add_argument("--interactions", type=int, default=0, help="how many to play on TOPIC")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-second", type=float, default=0.0, help="events (0: at once)")
    parser.add_argument("--payloads", type=Path, help="folder of payload files to play on TOPIC")
    parser.add_argument("--parent", type=int, help="end when this process ends")
    return parser.parse_args()


async def run(chosen: argparse.Namespace) -> None:
    """Serve, play, and wait for the end."""
    settings = Settings(
        secret=bytes.fromhex(chosen.secret),
        api_keys=chosen.api_key,
        entries_per_ledger=chosen.entries_per_ledger,
        idle_seconds=chosen.idle_seconds,
    )
    settings.namespaces.update(chosen.namespace)
    if chosen.topic:
        settings.namespaces.add(chosen.topic.rsplit("/", 1)[0])
    simulator = Simulator(settings, chosen.port, chosen.log)
    admin = Admin(Control(simulator), port=chosen.admin_port)
    await simulator.start()
    await admin.start()
    urls = json.dumps({"ws": simulator.url, "admin": admin.url})
    if chosen.ready:
        made = chosen.ready.with_suffix(".part")
        made.write_text(urls)
        made.rename(chosen.ready)
    else:
        os.write(1, f"{urls}\n".encode())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    playing = asyncio.create_task(play(chosen, simulator))
    watching = asyncio.create_task(end_with(chosen.parent, ended))
    await ended.wait()
    for task in (playing, watching):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    await admin.stop()
    await simulator.stop()
    simulator.journal.close()


async def play(chosen: argparse.Namespace, simulator: Simulator) -> None:
    """Publish what the command line says."""
    cluster = simulator.cluster
    if chosen.payloads:
        await publish(cluster, chosen.topic, payloads_of(chosen.payloads), chosen.per_second)
    if chosen.interactions:
        await publish_interactions(
            cluster, chosen.topic, chosen.interactions, chosen.seed, chosen.per_second
        )


async def end_with(parent: int | None, ended: asyncio.Event) -> None:
    """Nothing is left running where whoever started this was killed."""
    while parent is None or os.getppid() == parent:
        await asyncio.sleep(0.5)
    ended.set()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
