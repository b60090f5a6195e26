"""`python -m desk.sender PLAN LOG`: send what PLAN (JSON) describes, one JSON line each to LOG.

PLAN: {"api": URL, "secrets": {source: secret}, "events": n, "seed": n, "at_once": n, "pause": s}
"""

import http.client
import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from desk.sender.scenario import Interaction, Sending, body_of, interactions
from desk.sender.signing import SIGN

ATTEMPTS = 60


class Sender:
    """Sends interactions side by side, and the requests of each in their order."""

    def __init__(self, plan: dict[str, Any], log: Path) -> None:
        self._api = urlsplit(plan["api"])
        self._secrets: dict[str, str] = plan["secrets"]
        self._pause = float(plan["pause"])
        self._log = log.open("a", buffering=1)
        self._lock = threading.Lock()

    def send_all(self, plan: list[Interaction], at_once: int) -> None:
        """Send every interaction."""
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(self._interaction, plan))

    def _interaction(self, interaction: Interaction) -> None:
        for sending in interaction.sendings:
            self._send(sending)
            time.sleep(self._pause)

    def _send(self, sending: Sending) -> None:
        """Like a vendor: the same event again until it is answered with anything but 5xx."""
        body = body_of(sending)
        began = time.time()
        status = 0
        for attempt in range(ATTEMPTS):
            status = self._request(sending, body)
            if 0 < status < 500:
                break
            time.sleep(min(2.0, 0.2 * 2**attempt))
        line = {
            "source": sending.source,
            "id": sending.event,
            "interaction": sending.interaction,
            "sequence": sending.sequence,
            "sent_at": began,
            "taken_at": time.time(),
            "attempts": attempt + 1,
            "status": status,
            "expect": sending.expect,
            "deliver": list(sending.deliver),
            "dead": list(sending.dead),
            "repeat": sending.repeat,
            "spoil": sending.spoil,
        }
        with self._lock:
            self._log.write(json.dumps(line) + "\n")

    def _request(self, sending: Sending, body: bytes) -> int:
        """The status of one try; 0 where there was none."""
        headers = {"Content-Type": "application/json", **self._signed(sending, body)}
        if sending.spoil == "tampered":
            body = body.replace(b"conference", b"confarence")
        connection = http.client.HTTPConnection(str(self._api.netloc), timeout=30)
        try:
            connection.request("POST", f"{self._api.path}/webhooks/{sending.source}", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def _signed(self, sending: Sending, body: bytes) -> dict[str, str]:
        now = int(time.time()) + {"expired": -4000, "future": 4000}.get(sending.spoil, 0)
        if sending.spoil == "unsigned" or sending.source not in SIGN:
            return {}
        secret = self._secrets[sending.source]
        if sending.spoil == "wrong-key":
            secret = "whsec_" + "d3Jvbmc=" * 4
        return SIGN[sending.source](secret, body, now, sending.event)


def _end_with(parent: int) -> None:
    """Nothing is left running: not even where whoever started this was killed."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def main() -> None:
    """Send the plan."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sender = Sender(plan, Path(sys.argv[2]))
    sender.send_all(
        list(interactions(plan["events"], plan["seed"], int(time.time()))), plan["at_once"]
    )


if __name__ == "__main__":
    main()
