"""AWS as the reader meets it: the emulator in a process of its own, with all that a stage has."""

import json
from collections.abc import Mapping, Set
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desk.laptop.client import ACCOUNT, REGION
from desk.laptop.emulator import EmulatorProcess
from tests.faults.evidence import Taken, read_sends, taken_of

STAGE = "faults"
SOURCE = "contact-centre"
NAME = f"/switchboard/{STAGE}/sources/{SOURCE}"
ROLE = "stream-reader"
INGEST, BULK = "ingest.fifo", "ingest-bulk.fifo"
BUCKET = "archive"
KEYS = {
    "state": ("item",),
    "configuration": ("name", "version"),
    "events": ("group", "event_id"),
}
ACTIONS = [
    "sqs:SendMessage",
    "sqs:GetQueueAttributes",
    "ssm:GetParameters",
    "secretsmanager:GetSecretValue",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "s3:PutObject",
]


class Edge:
    def __init__(self, folder: Path) -> None:
        self._emulator = EmulatorProcess(folder, log_sends=True)
        self._read = 0
        self._arrived: set[str] = set()

    def __enter__(self) -> Self:
        self._emulator.__enter__()
        self._make_queues_and_tables()
        self._make_role()
        self.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.client("secretsmanager").create_secret(Name=NAME, SecretString="{}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._emulator.stop()

    def client(self, service: str) -> Any:
        """The operator's client."""
        return self._emulator.client(service)

    def url(self, queue: str) -> str:
        return f"{self._emulator.url}/{ACCOUNT}/{queue}"

    def write_document(self, document: Mapping[str, Any]) -> None:
        self.client("ssm").put_parameter(
            Name=NAME, Value=json.dumps(document), Type="String", Overwrite=True
        )

    def write_key(self, key: str) -> None:
        self.client("secretsmanager").put_secret_value(
            SecretId=NAME, SecretString=json.dumps({"key": key})
        )

    def inject(self, **plan: Any) -> None:
        """Faults by this plan from now on; none: no faults."""
        self._emulator.ask("faults", plan)

    def injected(self) -> Mapping[str, int]:
        state = self._emulator.ask("state")
        return {**state["injected"], "refused_sends": state["refused_sends"]}

    def environment(self, health_file: Path) -> dict[str, str]:
        """What the stack gives to the task."""
        return {
            "AWS_ENDPOINT_URL": self._emulator.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **self._emulator.credentials(ROLE).environment(),
            "SWITCHBOARD_STAGE": STAGE,
            "SWITCHBOARD_STATE_TABLE": "state",
            "SWITCHBOARD_CONFIGURATION_TABLE": "configuration",
            "SWITCHBOARD_EVENTS_TABLE": "events",
            "SWITCHBOARD_ARCHIVE_BUCKET": BUCKET,
            "SWITCHBOARD_INGEST_QUEUE_URL": self.url(INGEST),
            "SWITCHBOARD_INGEST_BULK_QUEUE_URL": self.url(BULK),
            "SWITCHBOARD_SOURCES": json.dumps({SOURCE: "stream"}),
            "SWITCHBOARD_HEALTH_FILE": str(health_file),
        }

    def taken(self) -> list[Taken]:
        """All that both queues took."""
        return read_sends(self._emulator.sends)

    def arrivals(self) -> Set[str]:
        """The hashes of the payloads that the queues have taken until now."""
        with self._emulator.sends.open("rb") as sends:
            sends.seek(self._read)
            for line in sends:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                taken = taken_of(json.loads(line))
                if taken.span is None:
                    self._arrived.add(taken.sha256)
        return self._arrived

    def _make_queues_and_tables(self) -> None:
        for queue in (INGEST, BULK):
            attributes = {
                "FifoQueue": "true",
                "DeduplicationScope": "messageGroup",
                "FifoThroughputLimit": "perMessageGroupId",
            }
            self.client("sqs").create_queue(QueueName=queue, Attributes=attributes)
        for table, keys in KEYS.items():
            kinds = zip(keys, ("HASH", "RANGE"), strict=False)
            self.client("dynamodb").create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "N" if key == "version" else "S"}
                    for key in keys
                ],
            )

    def _make_role(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
        statement = {"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=ROLE, PolicyName="all", PolicyDocument=document)
