"""The core stack: ingest queues, tables, archive, the API, and the functions before fan-out.

Its template does not change when a destination or a stream source is added.
"""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from functions.route_events.spec import BULK_BATCH, BULK_CONCURRENCY
from infra import bundling
from infra.assets import function_asset, layer_version
from infra.catalogue import function_spec
from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.alarms import Alarms
from infra.constructs.api import WebhookApi
from infra.constructs.archive import Archive
from infra.constructs.control import control_statements
from infra.constructs.core_tables import core_tables
from infra.constructs.function import Function, poll_statement
from infra.constructs.lake import Lake, compacting_statements
from infra.constructs.queues import VISIBILITY_FACTOR, Queue
from infra.constructs.schedule import Schedule
from infra.constructs.secret import Secret
from infra.constructs.signals import watch_sources
from infra.constructs.source_alarms import alarm_on_core
from infra.constructs.stage_dashboard import StageDashboard
from infra.names import Names
from infra.stage import Stage
from infra.statements import Statement, allow, arn, bucket_arn
from switchboard.sources import WEBHOOK_KINDS

HOUR = 3600


class CoreStack(cdk.Stack):
    """What every stage has, whatever its destinations are."""

    def __init__(self, scope: Construct, stage: Stage, target: bundling.Target) -> None:
        self.names = Names(stage.name)
        super().__init__(
            scope, self.names.core_stack, description="Switchboard: sources, routing, archive"
        )
        self._settings = stage
        self._target = target
        self._removal = cdk.RemovalPolicy.RETAIN if stage.retain else cdk.RemovalPolicy.DESTROY
        topic = AlarmTopic(
            self, "Alarms", name=f"{self.names.prefix}-alarms", email=stage.alarm_email
        )
        self._topic_arn = topic.arn
        self._alarms = Alarms(topic.arn, stage.name)
        self._layer = layer_version(self, stage, target)
        self._tables = core_tables(self, self.names, retain=stage.retain)
        self._queues()
        self._archive = Archive(self, "Archive", name=self.names.archive, stage=stage)
        Lake(self, self.names, self._archive.name, stage)
        # API Gateway refuses to deploy an API without a route.
        self._api = self._webhook_api() if stage.webhooks else None
        self._router()
        self._replayer()
        self._firing()
        self._control()
        self._compactor()
        alarm_on_core(self, self._alarms, self.names.prefix, stage.webhooks)
        StageDashboard(self, "Dashboard", name=self.names.prefix, stage=stage.name)
        if stage.anomaly_alarms:
            watch_sources(
                self,
                stage.webhooks,
                topic_arn=self._topic_arn,
                prefix=self.names.prefix,
                stage=stage.name,
            )
        self._parameter()

    def _queues(self) -> None:
        visibility = VISIBILITY_FACTOR * function_spec("route_events").timeout_seconds
        retain = self._settings.retain

        def queue(name: str, dead_letters: Queue | None = None) -> Queue:
            return Queue(
                self,
                "".join(part.capitalize() for part in name.split("-")),
                name=self.names.queue(name),
                visibility=visibility,
                retain=retain,
                dead_letters=dead_letters,
            )

        self._ingest_dead = queue("ingest-dead")
        self._ingest = queue("ingest", self._ingest_dead)
        self._ingest_bulk = queue("ingest-bulk", self._ingest_dead)
        self._alarms.on_age(
            self._ingest,
            queue=self._ingest.name,
            seconds=HOUR // 4,
            description="Events wait for routing for a quarter of an hour. Look at the errors and"
            " throttles of route-events and at AWS's own health.",
        )
        self._alarms.on_moved_by_sqs(
            self._ingest_dead, queue=self._ingest_dead.name, command="switchboard dead list route"
        )

    def _environment(self, **more: str) -> Mapping[str, str]:
        return {
            "SWITCHBOARD_STAGE": self._settings.name,
            "SWITCHBOARD_STATE_TABLE": self._tables.state.name,
            "SWITCHBOARD_CONFIGURATION_TABLE": self._tables.configuration.name,
            "SWITCHBOARD_ARCHIVE_BUCKET": self._archive.name,
            **more,
        }

    def _function(
        self, folder: str, environment: Mapping[str, str], statements: Sequence[Statement]
    ) -> Function:
        spec = function_spec(folder)
        return Function(
            self,
            "".join(part.capitalize() for part in folder.split("_")),
            names=self.names,
            name=self.names.function(folder),
            folder=folder,
            code=function_asset(self, folder, self._target),
            layer=self._layer,
            cpu=self._settings.cpu,
            timeout=spec.timeout_seconds,
            memory=spec.memory_mb,
            environment=environment,
            statements=statements,
            log_retention_days=self._settings.log_retention_days,
            removal=self._removal,
            alarms=self._alarms,
        )

    def _webhook_api(self) -> WebhookApi:
        return WebhookApi(
            self,
            "WebhookApi",
            name=f"{self.names.prefix}-api",
            stage=self._settings,
            function=self._receiver().resource,
            removal=self._removal,
        )

    def _receiver(self) -> Function:
        sources = self._settings.webhooks
        secrets = [
            Secret(
                self,
                f"Secret-{name}",
                name=self.names.secret(f"sources/{name}"),
                description=f"By what the source {name} is known: a JSON object,"
                f" {', '.join(WEBHOOK_KINDS[entry.kind].secret_fields)}.",
                retain=self._settings.retain,
            )
            for name, entry in sources.items()
        ]
        documents = [
            arn("ssm", f"parameter{self.names.parameter(f'sources/{name}')}") for name in sources
        ]
        return self._function(
            "receive_webhook",
            self._environment(
                SWITCHBOARD_INGEST_QUEUE_URL=self._ingest.url,
                SWITCHBOARD_SOURCES=json.dumps({n: entry.kind for n, entry in sources.items()}),
                SWITCHBOARD_BODY_LIMIT_BYTES=str(self._settings.body_limit_bytes),
            ),
            [
                allow(["sqs:SendMessage"], self._ingest.arn),
                allow(["ssm:GetParameters"], *documents),
                allow(["secretsmanager:GetSecretValue"], *[secret.arn for secret in secrets]),
                allow(["dynamodb:GetItem"], self._tables.state.arn),
                allow(["dynamodb:PutItem", "dynamodb:Query"], self._tables.configuration.arn),
                allow(["s3:PutObject"], bucket_arn(self.names.archive, "/claims/*")),
            ],
        )

    def _router(self) -> Function:
        parameters = arn("ssm", f"parameter/switchboard/{self._settings.name}")
        function = self._function(
            "route_events",
            self._environment(
                SWITCHBOARD_INGEST_QUEUE_URL=self._ingest.url,
                SWITCHBOARD_INGEST_BULK_QUEUE_URL=self._ingest_bulk.url,
                SWITCHBOARD_INGEST_DEAD_QUEUE_URL=self._ingest_dead.url,
                SWITCHBOARD_EVENTS_TABLE=self._tables.events.name,
                SWITCHBOARD_TIMERS_TABLE=self._tables.timers.name,
                SWITCHBOARD_GRACE_SECONDS=str(self._settings.grace_seconds),
                SWITCHBOARD_LOST_END_HOURS=str(self._settings.lost_end_hours),
                SWITCHBOARD_LEDGER_TABLE=self._tables.ledger.name,
                SWITCHBOARD_LEDGER_DAYS=str(self._settings.ledger_days),
                SWITCHBOARD_REFERENCE_TABLE=self._tables.reference.name,
            ),
            [
                poll_statement(self._ingest.arn, self._ingest_bulk.arn),
                allow(["sqs:SendMessage"], self._ingest_dead.arn),
                allow(["ssm:GetParametersByPath"], parameters),
                allow(
                    ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                    self._tables.events.arn,
                ),
                allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], self._tables.state.arn),
                allow(["dynamodb:PutItem"], self._tables.ledger.arn),
                allow(["dynamodb:BatchWriteItem"], self._tables.timers.arn),
                allow(["dynamodb:BatchGetItem"], self._tables.reference.arn),
                allow(["dynamodb:PutItem", "dynamodb:Query"], self._tables.configuration.arn),
                *[
                    allow(["s3:GetObject", "s3:PutObject"], bucket_arn(self.names.archive, path))
                    for path in ("/raw/*", "/claims/*")
                ],
            ],
        )
        function.poll("Ingest", self._ingest.resource.attr_arn, batch_size=10, concurrency=10)
        function.poll(
            "Bulk",
            self._ingest_bulk.resource.attr_arn,
            batch_size=BULK_BATCH,
            concurrency=BULK_CONCURRENCY,
        )
        return function

    def _replayer(self) -> None:
        function = self._function(
            "replay_events",
            self._environment(
                SWITCHBOARD_INGEST_BULK_QUEUE_URL=self._ingest_bulk.url,
                SWITCHBOARD_EVENTS_TABLE=self._tables.events.name,
            ),
            [
                allow(["sqs:SendMessage"], self._ingest_bulk.arn),
                allow(["dynamodb:BatchGetItem"], self._tables.events.arn),
                allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], self._tables.state.arn),
                allow(["s3:GetObject"], bucket_arn(self.names.archive, "/replays/*")),
            ],
        )
        # It never starts its own next invocation: Lambda would take that for a loop.
        Schedule(self, "ReplaySchedule", function=function, every="1 minute")

    def _firing(self) -> None:
        folder = arn("ssm", f"parameter{self.names.parameter('timers')}")
        function = self._function(
            "fire_timers",
            self._environment(
                SWITCHBOARD_INGEST_QUEUE_URL=self._ingest.url,
                SWITCHBOARD_EVENTS_TABLE=self._tables.events.name,
                SWITCHBOARD_TIMERS_TABLE=self._tables.timers.name,
                SWITCHBOARD_GRACE_SECONDS=str(self._settings.grace_seconds),
                SWITCHBOARD_LOST_END_HOURS=str(self._settings.lost_end_hours),
            ),
            [
                allow(["sqs:SendMessage"], self._ingest.arn),
                allow(["ssm:GetParametersByPath"], folder),
                allow(["dynamodb:Query"], self._tables.events.arn),
                allow(["dynamodb:BatchWriteItem", "dynamodb:Query"], self._tables.timers.arn),
                allow(["dynamodb:PutItem", "dynamodb:Query"], self._tables.configuration.arn),
                allow(
                    ["s3:GetObject", "s3:PutObject"], bucket_arn(self.names.archive, "/claims/*")
                ),
            ],
        )
        Schedule(self, "FiringSchedule", function=function, every="1 minute")

    def _control(self) -> None:
        statements = control_statements(self.names, self._tables.state.arn)
        function = self._function("control_destinations", self._environment(), statements)
        Schedule(self, "ControlSchedule", function=function, every="1 minute")

    def _compactor(self) -> None:
        statements = compacting_statements(self.names.archive)
        function = self._function("compact_archive", self._environment(), statements)
        Schedule(self, "CompactingSchedule", function=function, every="1 day")

    def _parameter(self) -> None:
        described = {
            "ingest_queue_url": self._ingest.url,
            "ingest_bulk_queue_url": self._ingest_bulk.url,
            "ingest_dead_queue_url": self._ingest_dead.url,
            "events_table": self._tables.events.name,
            "timers_table": self._tables.timers.name,
            "ledger_table": self._tables.ledger.name,
            "state_table": self._tables.state.name,
            "configuration_table": self._tables.configuration.name,
            "reference_table": self._tables.reference.name,
            "archive_bucket": self._archive.name,
            "ledger_days": self._settings.ledger_days,
            **({"api_url": self._api.url} if self._api else {}),
            "sources": {name: entry.kind for name, entry in self._settings.webhooks.items()},
        }
        ssm.CfnParameter(
            self,
            "Deployment",
            name=self.names.parameter("deployment/core"),
            type="String",
            value=self.to_json_string(described),
            description="What the core stack is, for `switchboard`.",
        )
