"""One destination: its queues, its function, its role; deployed, rolled back and deleted alone."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import bundling
from infra.assets import function_asset, layer_version
from infra.constructs.alarm_teller import AlarmTeller
from infra.constructs.alarms import Alarms
from infra.constructs.control import let_the_control_switch
from infra.constructs.deliveries_watch import watch_destination
from infra.constructs.function import Function, poll_statement
from infra.constructs.queues import VISIBILITY_FACTOR, Queue
from infra.constructs.schedule import Schedule
from infra.constructs.secret import Secret
from infra.constructs.signals import OF_DESTINATIONS, watch_signals
from infra.names import Names
from infra.permissions import of_its_kind, reading_records
from infra.stage import DestinationEntry, Stage
from infra.statements import Statement, allow, arn, bucket_arn, policy
from switchboard.destination import Lane, Mode, Records
from switchboard.drain import Drain
from switchboard.policy import POLICY
from switchboard.secrets import MAPPING_KEY


class DestinationStack(cdk.Stack):
    """What one entry of a stage's `destinations` becomes. It knows the core by names alone."""

    def __init__(
        self,
        scope: Construct,
        stage: Stage,
        name: str,
        entry: DestinationEntry,
        target: bundling.Target,
    ) -> None:
        self.names = Names(stage.name)
        super().__init__(
            scope,
            self.names.destination_stack(name),
            description=f"Switchboard: the destination {name} ({entry.kind})",
        )
        self._settings = stage
        self._name = name
        self._entry = entry
        self._removal = cdk.RemovalPolicy.RETAIN if stage.retain else cdk.RemovalPolicy.DESTROY
        topic_arn = cdk.Fn.sub(arn("sns", f"{self.names.prefix}-alarms"))
        self._alarms = Alarms(topic_arn, stage.name)
        self._queues()
        self._code = function_asset(self, entry.spec.folder, target)
        self._layer = layer_version(self, stage, target)
        self._secret = self._own_secret()
        function = self._function()
        mappings = {
            lane: function.poll(
                lane.capitalize(),
                queue.resource.attr_arn,
                batch_size=entry.batch,
                concurrency=entry.concurrency,
                window=entry.window,
                enabled=entry.mode is not Mode.SCHEDULED,
            )
            for lane, queue in self._lanes.items()
        }
        self._let_the_router_send()
        if entry.every is not None:
            drained = {"drain": {"kind": Drain.DELIVER}}
            Schedule(self, "Schedule", function=function, every=entry.every, given=drained)
        arns = [queue.arn for queue in self._lanes.values()]
        switched = list(mappings.values())
        let_the_control_switch(self, self.names, name, switched, arns, function.name)
        watch_destination(
            self,
            alarms=self._alarms,
            names=self.names,
            name=name,
            lanes=self._lanes,
            dead=self._dead,
        )
        if entry.alarms:
            self._tell_alarms()
        if stage.anomaly_alarms:
            watch_signals(
                Construct(self, "Signals"),
                OF_DESTINATIONS,
                topic_arn=topic_arn,
                prefix=self.names.prefix,
                stage=stage.name,
                dimension="destination",
                name=name,
            )
        ssm.CfnParameter(
            self,
            "Deployment",
            name=self.names.parameter(f"deployment/destinations/{name}"),
            type="String",
            value=self.to_json_string(
                {
                    "kind": entry.kind,
                    "lane_per": entry.spec.lane_per.value,
                    "mode": entry.mode,
                    "queues": {lane.value: queue.url for lane, queue in self._lanes.items()},
                    "dead_queue_url": self._dead.url,
                    "mapping_ids": {lane.value: m.ref for lane, m in mappings.items()},
                    "function": function.name,
                }
            ),
            description=f"What the destination {name} is, for the router and `switchboard`.",
        )

    def _queues(self) -> None:
        visibility = VISIBILITY_FACTOR * self._entry.timeout + self._entry.window
        is_standard = self._entry.mode is Mode.BATCHED
        named = self.names.standard_queue if is_standard else self.names.queue
        self._dead = Queue(
            self,
            "Dead",
            name=named(f"{self._name}-dead"),
            visibility=visibility,
            retain=self._settings.retain,
        )
        lanes = [Lane.NORMAL, Lane.URGENT] if self._entry.lanes else [Lane.NORMAL]
        self._lanes = {
            lane: Queue(
                self,
                f"{lane.capitalize()}Queue",
                name=named(f"{self._name}-{lane}"),
                visibility=visibility,
                retain=self._settings.retain,
                dead_letters=self._dead,
            )
            for lane in lanes
        }

    def _function(self) -> Function:
        spec = self._entry.spec
        return Function(
            self,
            "Function",
            names=self.names,
            name=self.names.function(f"to-{self._name}"),
            folder=spec.folder,
            code=self._code,
            layer=self._layer,
            cpu=self._settings.cpu,
            timeout=self._entry.timeout,
            memory=spec.memory_mb,
            environment=self._environment(),
            statements=self._statements(),
            log_retention_days=self._settings.log_retention_days,
            removal=self._removal,
            alarms=self._alarms,
        )

    def _environment(self) -> Mapping[str, str]:
        environment = {
            "SWITCHBOARD_STAGE": self._settings.name,
            "SWITCHBOARD_STATE_TABLE": self.names.table("state"),
            "SWITCHBOARD_CONFIGURATION_TABLE": self.names.table("configuration"),
            "SWITCHBOARD_ARCHIVE_BUCKET": cdk.Fn.sub(self.names.archive),
            "SWITCHBOARD_LEDGER_TABLE": self.names.table("ledger"),
            "SWITCHBOARD_LEDGER_DAYS": str(self._settings.ledger_days),
            "SWITCHBOARD_REFERENCE_TABLE": self.names.table("reference"),
            "SWITCHBOARD_DESTINATION": self._name,
            "SWITCHBOARD_MODE": self._entry.mode,
            "SWITCHBOARD_CONCURRENCY": str(self._entry.sandboxes),
            "SWITCHBOARD_QUEUE_URL": self._lanes[Lane.NORMAL].url,
            "SWITCHBOARD_DEAD_QUEUE_URL": self._dead.url,
            "SWITCHBOARD_DEPLOY_TIME": self._entry.deploy_time.model_dump_json(),
        }
        if self._entry.spec.records is not Records.NEVER:
            environment["SWITCHBOARD_EVENTS_TABLE"] = self.names.table("events")
        if Lane.URGENT in self._lanes:
            environment["SWITCHBOARD_URGENT_QUEUE_URL"] = self._lanes[Lane.URGENT].url
        return environment

    def _statements(self) -> Sequence[Statement]:
        names = self.names
        table = {name: arn("dynamodb", f"table/{names.table(name)}") for name in _TABLES}
        statements = [
            poll_statement(*[queue.arn for queue in self._lanes.values()]),
            allow(["sqs:SendMessage"], self._dead.arn, arn("sqs", names.queue("ingest-bulk"))),
            allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], table["ledger"]),
            allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], table["state"]),
            # Mappings may ask for reference data, and for the payload as it came.
            allow(["dynamodb:BatchGetItem"], table["reference"]),
            allow(["s3:GetObject"], *[bucket_arn(names.archive, path) for path in _READ]),
        ]
        return [*statements, *reading_records(self._entry, names), *self._of_its_own()]

    def _of_its_own(self) -> Sequence[Statement]:
        """What it needs to read its documents and its secret, and to send."""
        names = self.names
        return [
            allow(
                ["ssm:GetParameters"],
                arn("ssm", f"parameter{names.parameter(f'destinations/{self._name}')}"),
                arn("ssm", f"parameter{names.parameter('mappings/*')}"),
                arn("ssm", f"parameter{names.parameter(POLICY)}"),
            ),
            allow(
                ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"],
                arn("dynamodb", f"table/{names.table('configuration')}"),
            ),
            *self._secret,
            *of_its_kind(self._entry),
        ]

    def _own_secret(self) -> Sequence[Statement]:
        """The destination's secret, and that it may be read; any mapping may ask for its key."""
        fields = [*self._entry.spec.secret_fields, f"{MAPPING_KEY} for hash() and tokenise()"]
        secret = Secret(
            self,
            "Credentials",
            name=self.names.secret(f"destinations/{self._name}"),
            description=f"What the destination {self._name} needs: a JSON object,"
            f" {', '.join(fields)}.",
            retain=self._settings.retain,
        )
        return [allow(["secretsmanager:GetSecretValue"], secret.arn)]

    def _let_the_router_send(self) -> None:
        """The core does not know its destinations: each attaches what the router needs for it.

        The router counts a queue before it feeds it from `ingest-bulk`.
        """
        iam.CfnPolicy(
            self,
            "RouterMaySend",
            policy_name=f"send-to-{self._name}",
            roles=[self.names.role(self.names.function("route_events"))],
            policy_document=policy(
                [
                    allow(
                        ["sqs:GetQueueAttributes", "sqs:SendMessage"],
                        *[queue.arn for queue in self._lanes.values()],
                    )
                ]
            ),
        )

    def _sampling(self) -> Sequence[Statement]:
        """To show the newest dead letter and its event beside an alarm."""
        ledger, events = self.names.table("ledger"), self.names.table("events")
        return [
            allow(["dynamodb:Query"], arn("dynamodb", f"table/{ledger}/index/dead")),
            allow(["dynamodb:BatchGetItem"], arn("dynamodb", f"table/{events}")),
        ]

    def _tell_alarms(self) -> None:
        """A function that the stage's alarm topic invokes, with the destination's own request."""
        environment = self._environment()
        AlarmTeller(
            self,
            "Alarms",
            names=self.names,
            destination=self._name,
            entry=self._entry,
            code=self._code,
            layer=self._layer,
            settings=self._settings,
            environment={
                **{name: environment[name] for name in _TOLD},
                "SWITCHBOARD_EVENTS_TABLE": self.names.table("events"),
            },
            statements=[*self._of_its_own(), *self._sampling()],
            removal=self._removal,
            alarms=self._alarms,
        )


_READ = ("/claims/*", "/raw/*")
_TABLES = ("ledger", "state", "reference")
_TOLD = (
    "SWITCHBOARD_STAGE",
    "SWITCHBOARD_STATE_TABLE",
    "SWITCHBOARD_CONFIGURATION_TABLE",
    "SWITCHBOARD_ARCHIVE_BUCKET",
    "SWITCHBOARD_LEDGER_TABLE",
    "SWITCHBOARD_DESTINATION",
    "SWITCHBOARD_DEPLOY_TIME",
)
"""Of the environment, what the function that tells alarms is told."""
