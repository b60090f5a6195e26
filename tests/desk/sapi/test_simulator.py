"""The stand-in over real sockets, as 8x8's pages describe the API."""

import base64
import json
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.desk.sapi.serving import SECRET, SapiServer
from tests.functions.stream_reader.rig import until

PATH = "/api/streaming/v1/clientconnect/subscribe/TenantUpdates-{tenant}-{subscription}"


def client(
    url: str,
    subscription: str = "one",
    *,
    tenant: str = "acme01",
    output: str = "JSON",
    token: str = SECRET["token"],
    path: str = PATH,
) -> ClientConnection:
    pair = base64.b64encode(f"{SECRET['username']}:{token}".encode()).decode()
    where = path.format(tenant=tenant, subscription=subscription)
    query = f"desiredOutputType={output}&tenantId={tenant}&subsId={subscription}"
    return connect(
        f"{url}{where}?{query}",
        additional_headers={"Authorization": f"Basic {pair}"},
        close_timeout=1,
    )


def status(server: SapiServer, *arguments: Any, **more: Any) -> int:
    with pytest.raises(InvalidStatus) as error, client(server.url, *arguments, **more):
        pass
    return error.value.response.status_code


def test_heartbeat_has_the_shape_of_the_reference() -> None:
    """Reference: heartbeat."""
    with SapiServer(heartbeat_seconds=0.05) as server, client(server.url) as socket:
        beat = json.loads(socket.recv(timeout=10))
    assert list(beat) == ["ClientCheck"]
    inside = beat["ClientCheck"]
    assert inside["heartbeat"] == "[HEARTBEAT]"
    assert (inside["subscription-id"], inside["tenant-id"]) == ("one", "acme01")
    assert set(inside["msgInfo"]) == {"instanceId", "sequenceId", "timestamp"}


@pytest.mark.parametrize(("output", "end"), [("JSON", ""), ("NEWLINE_JSON", "\n")])
def test_websocket_url_output_types(output: str, end: str) -> None:
    """Reference: WebSocket URL, desiredOutputType."""
    with SapiServer(heartbeat_seconds=60) as server, client(server.url, output=output) as socket:
        server.publish(['{"Interaction":{}}'])
        assert socket.recv(timeout=10) == '{"Interaction":{}}' + end


def test_frames_may_be_cut_and_may_hold_several() -> None:
    with SapiServer(heartbeat_seconds=60, frame_bytes=5, in_a_frame=2) as server:
        with client(server.url, output="NEWLINE_JSON"):
            pass
        server.publish(["1234567", "89"])
        with client(server.url, output="NEWLINE_JSON") as socket:
            assert [socket.recv(timeout=10) for _ in range(3)] == ["12345", "67\n89", "\n"]


def test_what_is_wrong_is_refused() -> None:
    """Reference: auth; WebSocket URL."""
    with SapiServer() as server:
        assert status(server, token="wrong") == 401
        assert status(server, tenant="other") == 403
        assert status(server, output="XML") == 400
        assert status(server, path="/api/streaming/v2/{tenant}/{subscription}") == 404
        assert status(server, path=PATH + "-more") == 400
        server.call("refuse", status=503, times=1)
        assert status(server) == 503
        with client(server.url):
            pass


def test_concurrency_at_most_three_clients() -> None:
    """Reference: concurrency."""
    with SapiServer() as server, ExitStack() as stack:
        for name in ("one", "two", "three"):
            stack.enter_context(client(server.url, name))
        assert status(server, "four") == 403
        assert server.call("connected") == ["one", "three", "two"]


def test_session_length_it_is_dropped_and_replays_what_came_meanwhile() -> None:
    """Reference: session length, replay."""
    with SapiServer(heartbeat_seconds=60, session_seconds=0.1) as server:
        with client(server.url) as socket, pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        server.publish(["{}"])
        with client(server.url) as socket:
            assert socket.recv(timeout=10) == "{}"


def test_filtering_every_subscription_gets_everything() -> None:
    """Reference: filtering: none."""
    with (
        SapiServer(heartbeat_seconds=60) as server,
        client(server.url, "one") as one,
        client(server.url, "two") as two,
    ):
        count = server.call("play", count=2)
        assert [one.recv(timeout=10) for _ in range(count)] == [
            two.recv(timeout=10) for _ in range(count)
        ]


def test_it_says_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "desk.sapi", "--help"], capture_output=True, text=True, check=True
    )
    assert "--replay-seconds" in done.stdout


def test_it_serves_as_a_process_of_its_own(tmp_path: Path) -> None:
    ready, log = tmp_path / "ready.json", tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "desk.sapi", "--ready", str(ready), "--log", str(log)]
    command += ["--interactions", "2", "--per-second", "1000", "--heartbeat-seconds", "600"]
    with subprocess.Popen(command) as process:
        try:
            until(ready.exists)
            urls = json.loads(ready.read_text())
            with client(urls["ws"]) as socket:
                first = json.loads(socket.recv(timeout=30))
                with urllib.request.urlopen(f"{urls['admin']}/connected", b"{}") as answer:
                    assert json.load(answer) == ["one"]
        finally:
            process.terminate()
        assert process.wait(30) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert (
        json.loads(next(each["payload"] for each in lines if each["kind"] == "published")) == first
    )
