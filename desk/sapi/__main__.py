"""`python -m desk.sapi`: serve until SIGTERM."""

import argparse
import asyncio
import json
import os
import signal
import time
from pathlib import Path

from desk.pulsar.admin import Admin
from desk.pulsar.interactions import interactions, payloads_of
from desk.sapi.control import Control
from desk.sapi.server import Simulator
from desk.sapi.settings import Settings


def arguments() -> argparse.Namespace:
    """What the command line says."""
    usual = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m desk.sapi",
        description="A stand-in for 8x8's legacy Streaming API: its WebSocket on loopback.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="of the WebSocket server (0: free)")
    parser.add_argument("--admin-port", type=int, default=0, help="of the JSON API (0: free)")
    parser.add_argument("--ready", type=Path, help="file that gets the URLs when it listens")
    parser.add_argument("--log", type=Path, help="JSON lines of all that was published and done")
    parser.add_argument("--tenant", default=usual.tenant, help="whose events they are")
    parser.add_argument("--username", default=usual.username, help="that is taken")
    parser.add_argument("--token", default=usual.token, help="data request token that is taken")
    parser.add_argument("--session-seconds", type=float, default=usual.session_seconds)
    parser.add_argument("--replay-seconds", type=float, default=usual.replay_seconds)
    parser.add_argument("--heartbeat-seconds", type=float, default=usual.heartbeat_seconds)
    parser.add_argument("--frame-bytes", type=int, default=0, help="cut frames (0: do not)")
    parser.add_argument("--in-a-frame", type=int, default=1, help="events in one frame")
    parser.add_argument("--interactions", type=int, default=0, help="how many to play")
    parser.add_argument("--seed", type=int, default=1, help="of the interactions")
    parser.add_argument("--per-second", type=float, default=10.0, help="events that are played")
    parser.add_argument("--payloads", type=Path, help="folder of payload files to play")
    return parser.parse_args()


async def run(chosen: argparse.Namespace) -> None:
    """Serve, play, and wait for the end."""
    settings = Settings(
        tenant=chosen.tenant,
        username=chosen.username,
        token=chosen.token,
        session_seconds=chosen.session_seconds,
        replay_seconds=chosen.replay_seconds,
        heartbeat_seconds=chosen.heartbeat_seconds,
        frame_bytes=chosen.frame_bytes,
        in_a_frame=chosen.in_a_frame,
    )
    simulator = Simulator(settings, chosen.port, chosen.log)
    admin = Admin(Control(simulator), port=chosen.admin_port)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ended.set)
    await simulator.start()
    await admin.start()
    urls = json.dumps({"ws": simulator.url, "admin": admin.url})
    if chosen.ready:
        made = chosen.ready.with_suffix(".part")
        made.write_text(urls)
        made.rename(chosen.ready)
    else:
        os.write(1, f"{urls}\n".encode())
    playing = asyncio.create_task(play(chosen, simulator))
    await ended.wait()
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
    await admin.stop()
    await simulator.stop()
    simulator.journal.close()


async def play(chosen: argparse.Namespace, simulator: Simulator) -> None:
    """Publish what the command line says, once somebody has subscribed."""
    while not simulator.subscriptions:
        await asyncio.sleep(0.05)
    payloads = list(payloads_of(chosen.payloads)) if chosen.payloads else []
    made = interactions(chosen.interactions, chosen.seed, int(time.time()))
    payloads += [json.dumps(event).encode() for event in made]
    for payload in payloads:
        simulator.publish(payload)
        await asyncio.sleep(1 / chosen.per_second)


if __name__ == "__main__":
    asyncio.run(run(arguments()))
