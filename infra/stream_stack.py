"""The stream reader: its network, its task, its sources' secrets and alarms.

It knows the core by names alone, and the core does not know it.
"""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import bundling
from infra.catalogue import task_spec
from infra.constructs.alarms import Alarms
from infra.constructs.network import ReaderNetwork
from infra.constructs.secret import Secret
from infra.constructs.signals import OF_SOURCES, watch_signals
from infra.constructs.stream_alarms import watch_stream
from infra.constructs.stream_dashboard import StreamDashboard
from infra.constructs.task import Task
from infra.names import Names
from infra.stage import Stage
from infra.statements import Statement, allow, arn, bucket_arn
from switchboard.sources import KINDS

HEALTH_FILE = "/tmp/stream-reader-health"  # noqa: S108 - the container's own volume
PLATFORMS = {
    "arm64": ecr_assets.Platform.LINUX_ARM64,
    "x86_64": ecr_assets.Platform.LINUX_AMD64,
}


class StreamStack(cdk.Stack):
    """What a stage with at least one stream source has besides: one task reads them all."""

    def __init__(self, scope: Construct, stage: Stage) -> None:
        self.names = Names(stage.name)
        super().__init__(
            scope, self.names.streams_stack, description="Switchboard: the reader of streams"
        )
        self._settings = stage
        secrets = self._secrets()
        # Hashed and copied now; built by Docker when it is deployed.
        image = ecr_assets.DockerImageAsset(
            self,
            "Image",
            directory=str(bundling.reader_context()),
            platform=PLATFORMS[stage.cpu],
        )
        self._task = Task(
            self,
            "Reader",
            names=self.names,
            spec=task_spec("stream_reader"),
            size=stage.reader,
            cpu=stage.cpu,
            image=image,
            network=ReaderNetwork(self, "Network", names=self.names, network=stage.network),
            environment=self._environment(),
            statements=self._statements(secrets),
            log_retention_days=stage.log_retention_days,
            removal=cdk.RemovalPolicy.RETAIN if stage.retain else cdk.RemovalPolicy.DESTROY,
        )
        self._own_alarms()
        StreamDashboard(
            self,
            "Dashboard",
            name=self.names.streams_stack,
            stage=stage.name,
            sources=stage.streams,
        )
        self._parameter()

    def _secrets(self) -> Sequence[Secret]:
        return [
            Secret(
                self,
                f"Secret-{name}",
                name=self.names.secret(f"sources/{name}"),
                description=f"By what the source {name} is read: a JSON object,"
                f" {', '.join(KINDS[entry.kind].secret_fields)}.",
                retain=self._settings.retain,
            )
            for name, entry in self._settings.streams.items()
        ]

    def _environment(self) -> Mapping[str, str]:
        names = self.names
        return {
            "SWITCHBOARD_STAGE": self._settings.name,
            "SWITCHBOARD_STATE_TABLE": names.table("state"),
            "SWITCHBOARD_CONFIGURATION_TABLE": names.table("configuration"),
            "SWITCHBOARD_EVENTS_TABLE": names.table("events"),
            "SWITCHBOARD_ARCHIVE_BUCKET": cdk.Fn.sub(names.archive),
            "SWITCHBOARD_INGEST_QUEUE_URL": cdk.Fn.sub(_queue_url(names.queue("ingest"))),
            "SWITCHBOARD_INGEST_BULK_QUEUE_URL": cdk.Fn.sub(_queue_url(names.queue("ingest-bulk"))),
            "SWITCHBOARD_SOURCES": json.dumps(self._kinds()),
            "SWITCHBOARD_HEALTH_FILE": HEALTH_FILE,
        }

    def _statements(self, secrets: Sequence[Secret]) -> Sequence[Statement]:
        names = self.names
        ingest, bulk = (arn("sqs", names.queue(name)) for name in ("ingest", "ingest-bulk"))
        documents = [
            arn("ssm", f"parameter{names.parameter(f'sources/{name}')}")
            for name in self._settings.streams
        ]
        table = {name: arn("dynamodb", f"table/{names.table(name)}") for name in _TABLES}
        return [
            allow(["sqs:SendMessage"], ingest, bulk),
            allow(["sqs:GetQueueAttributes"], bulk),
            allow(["ssm:GetParameters"], *documents),
            allow(["secretsmanager:GetSecretValue"], *[secret.arn for secret in secrets]),
            allow(
                [
                    "dynamodb:GetItem",
                    "dynamodb:PutItem",
                    "dynamodb:UpdateItem",
                ],
                table["state"],
            ),
            allow(["dynamodb:BatchGetItem"], table["events"]),
            allow(["dynamodb:PutItem", "dynamodb:Query"], table["configuration"]),
            allow(["s3:PutObject"], bucket_arn(names.archive, "/claims/*")),
        ]

    def _own_alarms(self) -> None:
        topic_arn = cdk.Fn.sub(arn("sns", f"{self.names.prefix}-alarms"))
        alarms = Alarms(topic_arn, self._settings.name)
        for name in self._settings.streams:
            scope = Construct(self, f"Source-{name}")
            if self._settings.anomaly_alarms:
                watch_signals(
                    scope,
                    OF_SOURCES,
                    topic_arn=topic_arn,
                    prefix=self.names.prefix,
                    stage=self._settings.name,
                    dimension="source",
                    name=name,
                )
            watch_stream(
                scope,
                alarms,
                prefix=self.names.prefix,
                source=name,
                task=f"{self._task.cluster}/{self._task.name}",
                logs=self._task.log_group,
            )

    def _parameter(self) -> None:
        ssm.CfnParameter(
            self,
            "Deployment",
            name=self.names.parameter("deployment/streams"),
            type="String",
            value=json.dumps(
                {
                    "cluster": self._task.cluster,
                    "service": self._task.name,
                    "log_group": self._task.log_group,
                    "sources": self._kinds(),
                }
            ),
            description="What the stream reader is, for `switchboard`.",
        )

    def _kinds(self) -> Mapping[str, str]:
        return {name: entry.kind for name, entry in self._settings.streams.items()}


def _queue_url(name: str) -> str:
    return f"https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/{name}"


_TABLES = ("state", "events", "configuration")
