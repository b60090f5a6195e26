"""Which AWS a command speaks to: the laptop stack that is up for the stage, or the real one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from desk.laptop import Address, attach
from desk.laptop.sandbox import InvocationFailed
from switchboard.settings import DestinationSettings

LAPTOP = "laptop"


class TargetError(Exception):
    """There is no such stage to be reached; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered; `failed`: it raised, and `value` is what Lambda says of it."""

    value: Any
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One stage. `address` is None for a real account, whose credentials boto3 finds."""

    stage: str
    address: Address | None = None

    def client(self, service: str) -> Any:
        """A client of `service`, with the operator's credentials."""
        if self.address is not None:
            return self.address.client(service)
        # The service is any of AWS's; botocore's stubs want a literal for each.
        make: Any = boto3.client
        return make(service)

    def start(self, function: str) -> bool:
        """Let a function (a folder of functions/) do its work now; False: it is not deployed.

        In a real account nobody waits for its end.
        """
        name = f"switchboard-{self.stage}-{function.replace('_', '-')}"
        try:
            if self.address is not None:
                self.address.invoke(name, {})
            else:
                self.client("lambda").invoke(FunctionName=name, InvocationType="Event")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return False
        except InvocationFailed:
            return False
        return True

    def parameters(self, folder: str = "") -> Mapping[str, str]:
        """Every parameter of the stage under `folder`, by its name."""
        prefix = f"/switchboard/{self.stage}/"
        pages = self.client("ssm").get_paginator("get_parameters_by_path")
        return {
            parameter["Name"].removeprefix(prefix): parameter["Value"]
            for page in pages.paginate(Path=prefix + folder, Recursive=True)
            for parameter in page["Parameters"]
        }

    def invoke(self, function: str, event: Any) -> Answer:
        """Invoke a function by its folder (replay_events), or as to-NAME of a destination.

        Raises:
            TargetError: there is no such function on the laptop.
        """
        name = f"switchboard-{self.stage}-{function.replace('_', '-')}"
        lambda_ = self.client("lambda")
        if self.address is None:
            answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            return Answer(json.loads(answer["Payload"].read()), "FunctionError" in answer)
        known = {found["FunctionName"] for found in lambda_.list_functions()["Functions"]}
        if name not in known:
            short = sorted(one.removeprefix(f"switchboard-{self.stage}-") for one in known)
            raise TargetError(f"there is no function {function}; there are {', '.join(short)}")
        try:
            return Answer(self.address.invoke(name, event))
        except InvocationFailed as error:
            return Answer({"errorMessage": str(error)}, failed=True)

    def core(self) -> Mapping[str, Any]:
        """What the core stack says of itself.

        Raises:
            TargetError: the stage is not deployed.
        """
        found = self.parameters("deployment/").get("deployment/core")
        if found is None:
            raise TargetError(
                f"the stage {self.stage} is not deployed in this account and region; run `make"
                f" deploy STAGE={self.stage}`"
            )
        core: Mapping[str, Any] = json.loads(found)
        return core

    def ledger_days(self) -> int:
        """For how long the stage keeps what is written into its ledger.

        A stage that an earlier release deployed does not say it: it had the default.
        """
        default = DestinationSettings.model_fields["ledger_days"].default
        return int(self.core().get("ledger_days", default))

    def kinds(self) -> Mapping[str, str]:
        """The kind of every deployed source and destination, by "sources/…", "destinations/…"."""
        streams = json.loads(self.parameters("deployment/").get("deployment/streams", "{}"))
        sources = {**self.core()["sources"], **streams.get("sources", {})}
        kinds = {f"sources/{name}": kind for name, kind in sources.items()}
        for name, text in self.parameters("deployment/destinations/").items():
            kinds[name.removeprefix("deployment/")] = json.loads(text)["kind"]
        return kinds


def reach(stage: str) -> Target:
    """The target of `stage`, or of the laptop stack that is up under that name.

    Raises:
        TargetError: the laptop is asked for and no laptop stack is up.
    """
    address = attach(stage)
    if address is None and stage == LAPTOP:
        raise TargetError("no laptop stack is up; run `make up` in another terminal")
    return Target(stage if address is None else address.stage, address)
