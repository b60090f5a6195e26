"""How another process finds a stack that is up, and talks to it."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.laptop.client import emulator_client
from desk.laptop.deployment import deployment_parameters
from desk.laptop.sandbox import InvocationFailed
from infra import bundling

WORK = bundling.ROOT / ".work" / "laptop"


class StackError(Exception):
    """The laptop stack cannot be started, or is not there; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stack listens, and which process runs it."""

    stage: str
    endpoint_url: str
    gateway_url: str
    pid: int

    @property
    def api_url(self) -> str:
        """The deployed API's stage."""
        return f"{self.gateway_url}/{self.stage}"

    def client(self, service: str) -> Any:
        """A client with the operator's credentials."""
        return emulator_client(service, self.endpoint_url)

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its full name.

        Raises:
            InvocationFailed: it failed, or there is no such function.
        """
        given = {"function": function, "event": event}
        try:
            return post(f"{self.gateway_url}/_desk/invoke", given)
        except urllib.error.HTTPError as error:
            with error:
                raise InvocationFailed(json.load(error)["message"]) from error

    def deployment(self) -> Mapping[str, Any]:
        """What the stacks wrote under `deployment/`."""
        return deployment_parameters(self.endpoint_url, self.stage)


def attach(name: str = "laptop", *, patience: float = 60) -> Address | None:
    """The stack that is up under `name` in another process, if there is one.

    Raises:
        StackError: it is there and does not answer. To take it for absent would send what is meant
            for a laptop into an account.
    """
    try:
        address = Address(**json.loads(file_of(name).read_text()))
        os.kill(address.pid, 0)
        up = post(f"{address.gateway_url}/_desk/name", None, timeout=patience)
    except TimeoutError as error:
        raise StackError(
            f"the laptop stack {name} (process {address.pid}) does not answer; try again when the"
            " machine has less to do, or end that process"
        ) from error
    except (OSError, ValueError, TypeError):
        return None
    return address if up == {"name": name} else None


def folder_of(name: str) -> Path:
    """Where a stack keeps its logs."""
    return WORK / name


def file_of(name: str) -> Path:
    """Where a stack that is up leaves its address."""
    return folder_of(name) / "address.json"


def post(url: str, value: Any, timeout: float = 120) -> Any:
    """The JSON answer of one of this machine's own servers."""
    request = urllib.request.Request(  # noqa: S310 - an address of this machine
        url, json.dumps(value).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
        return json.load(answer)
