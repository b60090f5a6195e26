"""`switchboard up`: the laptop stack, until it is interrupted."""

import json
import signal
import threading
import time

from desk.command.output import console
from desk.demo.documents import SECRETS, configure
from desk.demo.main import synthesize
from desk.demo.stream import TOPIC, StreamPlan, StreamProcess
from desk.laptop import LaptopStack
from desk.sender.scenario import PAYLOADS
from desk.sender.signing import jaas

PLAYED = StreamPlan(interactions=5, seed=8, seconds=30.0, kills=0, drops=0)


def up(*, stage: str = "laptop", port: int = 0, configured: bool = True) -> int:
    """Start the laptop stack and keep it up until Ctrl-C.

    Another terminal can then use `switchboard apply`, `invoke`, `dead` and the others with it.

    Examples:
        switchboard up
        switchboard up --port 8080 --no-configured

    Args:
        stage: a stage of cdk.json.
        port: where the API listens; 0 takes a free one.
        configured: write the demo's documents and secrets, so that events are taken at once.
    """
    assembly = synthesize(console, stage)
    with (
        LaptopStack(assembly, stage=stage, port=port) as stack,
        StreamProcess(stack.folder, PLAYED) as stream,
    ):
        if configured:
            # Nobody listens there, nor where chat's is: deliveries wait, and the lake takes all.
            nowhere = {"crm": "http://127.0.0.1:9/crm", "pager": "http://127.0.0.1:9/pager"}
            configure(stack.client, stage, {**nowhere, "stream": stream.host})
            stack.redeploy_tasks()
        console.print(f"AWS        {stack.endpoint_url}")
        console.print(f"webhooks   {stack.api_url}/webhooks/meetings")
        console.print(f"stream     ws://{stream.host}")
        console.print(f"logs       {stack.folder}")
        console.print("\nA signed webhook, good for five minutes:\n")
        console.print(sample_curl(stack.api_url), markup=False, soft_wrap=True)
        console.print("\nTwo more interactions of the stream, which 8x8's simulator plays:\n")
        console.print(sample_play(stream.admin), markup=False, soft_wrap=True)
        console.print("\nCtrl-C ends it.")
        _until_interrupted()
    return 0


def sample_curl(api_url: str) -> str:
    """A curl that works now: a meeting's event, signed with the demo's secret."""
    now = int(time.time())
    event = f"by-hand-{now}"
    body = json.dumps(PAYLOADS["meetings"](event, event, 0, now, {}))
    ((name, value),) = jaas(SECRETS["sources/meetings"], body.encode(), now, event).items()
    quoted = body.replace("'", "'\\''")
    return (
        f"curl -i {api_url}/webhooks/meetings -H 'Content-Type: application/json'"
        f" -H '{name}: {value}' --data-binary '{quoted}'"
    )


def sample_play(admin_url: str) -> str:
    """A curl that lets the stream's simulator publish."""
    given = json.dumps({"topic": TOPIC, "interactions": 2, "seed": int(time.time())})
    return f"curl {admin_url}/play --data-binary '{given}'"


def _until_interrupted() -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
