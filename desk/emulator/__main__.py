"""`python -m desk.emulator READY LOG [SENDS]`: serve until killed.

Writes the address to the file READY when it can be called, one JSON line per call to LOG, and one
per message that SQS takes to SENDS.
"""

import os
import socket
import sys
import threading
import time
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "OPERATOR")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "OPERATOR")
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")


class Handler(WSGIRequestHandler):
    """Keeps connections, answers at once, and writes no access log."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self) -> None:
        """Send answers as they are written: Nagle's algorithm costs 40 ms each."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def handle_expect_100(self) -> bool:
        """Flush the `100 Continue`: left in the buffer, it costs every PutObject a second."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        del self.headers["Expect"]  # else werkzeug says it once more
        return going_on

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002
        """Nothing: the emulator has its own log."""


def end_with_parent() -> None:
    """End when whoever started this has ended, however that was."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main() -> None:
    """Serve on a free port of 127.0.0.1."""
    # moto is a second of imports: only the process that serves pays them.
    from desk.emulator.server import Emulator

    threading.Thread(target=end_with_parent, daemon=True).start()
    ready, log, *sends = map(Path, sys.argv[1:])
    emulator = Emulator(log, *sends)
    server = make_server("127.0.0.1", 0, emulator, threaded=True, request_handler=Handler)
    making = ready.with_suffix(".making")
    making.write_text(f"http://127.0.0.1:{server.server_port}")
    making.rename(ready)
    server.serve_forever()


if __name__ == "__main__":
    main()
