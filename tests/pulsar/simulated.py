"""The simulator, in a process of its own."""

import base64
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.pulsar.server import ENTRIES_PER_LEDGER, Special


class SimulatedServer:
    version = "simulated"
    silence = 0.1
    idle = 3.0

    def __init__(self, folder: Path, *more: str) -> None:
        self._folder = folder
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None
        self._urls: dict[str, str] = {}

    @property
    def url(self) -> str:
        return self._urls["ws"]

    @property
    def http(self) -> str:
        return self.url.replace("ws:", "http:")

    def start(self) -> None:
        ready = self._folder / "ready.json"
        command = [sys.executable, "-m", "desk.pulsar", "--ready", str(ready)]
        command += ["--log", str(self._folder / "log.jsonl"), "--secret", secrets.token_hex(32)]
        command += ["--entries-per-ledger", str(ENTRIES_PER_LEDGER)]
        command += ["--idle-seconds", str(self.idle), "--parent", str(os.getpid())]
        self._process = subprocess.Popen([*command, *self._more])
        end = time.monotonic() + 60
        while not ready.exists():
            assert self._process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        self._urls = json.loads(ready.read_text())

    def stop(self) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait(30)

    def call(self, call: str, /, **arguments: Any) -> Any:
        request = urllib.request.Request(
            f"{self._urls['admin']}/{call}", json.dumps(arguments).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def status(self, call: str, arguments: dict[str, Any]) -> int:
        """The HTTP status of a call that is refused."""
        try:
            self.call(call, **arguments)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        return 200

    def token(self, subject: str | None = "admin", ttl: float | None = None) -> str:
        return str(self.call("token", subject=subject, ttl=ttl))

    def publish_special(
        self, topic: str, messages: Sequence[Special], *, batched: bool = False
    ) -> None:
        made = [
            {
                "payload": None if each.payload is None else _text(each.payload),
                "key": None if each.key is None else _text(each.key),
            }
            for each in messages
        ]
        self.call("publish", topic=topic, messages=made, batched=batched)

    def unload(self, topic: str) -> None:
        self.call("unload", topic=topic)

    def trim(self, topic: str) -> None:
        self.call("trim", topic=topic)

    def ledgers(self, topic: str) -> list[int]:
        return [number for number, _ in self.call("ledgers", topic=topic)]

    def terminate(self, topic: str) -> None:
        self.call("terminate", topic=topic)

    def delete(self, topic: str) -> None:
        self.call("delete", topic=topic)

    def partitions(self, topic: str, count: int) -> None:
        self.call("partitions", topic=topic, count=count)

    def subscriptions(self, topic: str) -> list[str]:
        return sorted(self.call("subscriptions", topic=topic))

    def skip(self, topic: str, subscription: str, entries: int) -> None:
        self.call("skip", topic=topic, subscription=subscription, entries=entries)

    def grant(self, namespace: str, role: str) -> None:
        self.call("grant", namespace=namespace, role=role)

    def namespace(self, name: str) -> None:
        self.call("namespace", name=name)

    def kill(self) -> None:
        self.call("restart", killed=True)

    def restart(self) -> None:
        self.call("restart")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
