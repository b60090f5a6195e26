import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.laptop import LaptopStack, StackError, attach
from desk.laptop.address import folder_of

HOLD = """
import signal, sys, time
from pathlib import Path
from desk.laptop import LaptopStack

# Whoever started the tests may ignore it, as a shell does for what runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
with LaptopStack(Path(sys.argv[1]), stage=sys.argv[2], layer=Path(sys.argv[3])) as stack:
    print(stack.invoke("held-look", {})["pid"], stack.emulator_pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def held(
    synthesize: Callable[..., Path], notes: Path, no_layer: Path, stage: str
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A stack in a process of its own, and that process."""
    name = f"{stage}-held"
    command = [sys.executable, "-c", HOLD, str(synthesize("held", notes)), name, str(no_layer)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield name, process
        process.kill()
    folder = folder_of(name)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A process that nobody waits for any more is a zombie until init does.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_stays_however_the_stack_ends(
    held: tuple[str, "subprocess.Popen[str]"], how: signal.Signals
) -> None:
    name, process = held
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    assert attach(name) is not None
    process.send_signal(how)
    process.wait(30)
    latest = time.monotonic() + 20
    while not all(map(ended, pids)):
        assert time.monotonic() < latest, "a process stayed"
        time.sleep(0.1)
    assert attach(name) is None


def test_an_address_left_behind_is_not_taken_for_a_stack(stack: LaptopStack, stage: str) -> None:
    """Its process number may belong to another process by now."""
    left = f"{stage}-left"
    folder = folder_of(left)
    folder.mkdir(parents=True)
    address: dict[str, Any] = {
        "stage": left,
        "endpoint_url": stack.endpoint_url,
        "gateway_url": stack.address.gateway_url,
        "pid": os.getpid(),
    }
    (folder / "address.json").write_text(json.dumps(address))
    assert attach(left) is None
    (folder / "address.json").unlink()
    folder.rmdir()


def test_a_stack_that_does_not_answer_is_not_taken_for_absent(stage: str) -> None:
    """Or what is meant for it would go into an account."""
    silent = f"{stage}-silent"
    folder = folder_of(silent)
    folder.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        address = {"stage": silent, "endpoint_url": url, "gateway_url": url, "pid": os.getpid()}
        (folder / "address.json").write_text(json.dumps(address))
        with pytest.raises(StackError, match=f"{os.getpid()}.* does not answer"):
            attach(silent, patience=0.1)
    (folder / "address.json").unlink()
    folder.rmdir()
