"""The stack of the stream reader: what its templates mean."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import bundling
from infra.constructs.stream_alarms import WATCHES
from infra.constructs.task import SCRATCH
from tests.infra.test_roles import statements, table

WEBHOOK = {"meetings": {"kind": "jaas"}}
STREAMS = {"contact-centre": {"kind": "stream"}, "legacy": {"kind": "stream"}}

Make = Callable[[str, Mapping[str, Any]], Any]


def staged(sources: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
    return {"sources": sources, "destinations": {}, **more}


@pytest.fixture(scope="module")
def public(make_stage: Make) -> Any:
    return make_stage("streams-public", staged({**WEBHOOK, **STREAMS}))


@pytest.fixture(scope="module")
def nat(make_stage: Make) -> Any:
    more = {"network": {"kind": "nat"}, "cpu": "x86_64", "reader": {"cpu": 1024, "tasks": 3}}
    return make_stage("streams-nat", staged(STREAMS, **more))


@pytest.fixture(scope="module")
def existing(make_stage: Make) -> Any:
    network = {
        "kind": "existing",
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    }
    return make_stage("streams-existing", staged(STREAMS, network=network))


def all_of(made: Any, kind: str) -> list[dict[str, Any]]:
    return [found for _, _, found in made.resources(kind)]


def one(made: Any, kind: str) -> dict[str, Any]:
    (found,) = all_of(made, kind)
    return found


def only_out_to_443(made: Any) -> None:
    group = one(made, "AWS::EC2::SecurityGroup")
    assert not group.get("SecurityGroupIngress")
    (way,) = group["SecurityGroupEgress"]
    assert (way["IpProtocol"], way["FromPort"], way["ToPort"]) == ("tcp", 443, 443)
    assert not all_of(made, "AWS::EC2::SecurityGroupIngress")
    assert not all_of(made, "AWS::EC2::SecurityGroupEgress")


def reached(made: Any) -> dict[str, Any]:
    """Where the service runs."""
    service = one(made, "AWS::ECS::Service")
    found: dict[str, Any] = service["NetworkConfiguration"]["AwsvpcConfiguration"]
    return found


def routes_to(made: Any, subnet: str, through: str) -> bool:
    """Whether what leaves a subnet goes through a gateway of a kind."""
    template = made.template("streams")["Resources"]
    tables = [
        r["Properties"]["RouteTableId"]
        for r in template.values()
        if r["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
        and r["Properties"]["SubnetId"] == {"Ref": subnet}
    ]
    ways = [
        r["Properties"]
        for r in template.values()
        if r["Type"] == "AWS::EC2::Route" and r["Properties"]["RouteTableId"] in tables
    ]
    return [way["DestinationCidrBlock"] for way in ways if through in way] == ["0.0.0.0/0"]


def test_public_subnets_in_two_zones_lead_out_and_nothing_leads_in(public: Any) -> None:
    only_out_to_443(public)
    assert not all_of(public, "AWS::EC2::NatGateway")
    zones = [subnet["AvailabilityZone"] for subnet in all_of(public, "AWS::EC2::Subnet")]
    assert [zone["Fn::Select"][0] for zone in zones] == [0, 1]
    assert all(zone["Fn::Select"][1] == {"Fn::GetAZs": ""} for zone in zones)
    where = reached(public)
    assert where["AssignPublicIp"] == "ENABLED"
    assert len(where["Subnets"]) == 2
    assert all(routes_to(public, subnet["Ref"], "GatewayId") for subnet in where["Subnets"])


def test_behind_a_nat_the_address_stays(nat: Any) -> None:
    only_out_to_443(nat)
    gateway = one(nat, "AWS::EC2::NatGateway")
    (address,) = [i for _, i, _ in nat.resources("AWS::EC2::EIP")]
    assert gateway["AllocationId"] == {"Fn::GetAtt": [address, "AllocationId"]}
    assert routes_to(nat, gateway["SubnetId"]["Ref"], "GatewayId")
    where = reached(nat)
    assert where["AssignPublicIp"] == "DISABLED"
    assert len(where["Subnets"]) == 2
    for subnet in where["Subnets"]:
        assert routes_to(nat, subnet["Ref"], "NatGatewayId")
        assert not routes_to(nat, subnet["Ref"], "GatewayId")
    blocks = [subnet["CidrBlock"] for subnet in all_of(nat, "AWS::EC2::Subnet")]
    assert len(set(blocks)) == 4


def test_in_a_network_that_exists_only_a_security_group_is_made(existing: Any) -> None:
    only_out_to_443(existing)
    made = {kind for _, kind in kinds(existing) if kind.startswith("AWS::EC2::")}
    assert made == {"AWS::EC2::SecurityGroup"}
    assert one(existing, "AWS::EC2::SecurityGroup")["VpcId"] == "vpc-0123456789abcdef0"
    where = reached(existing)
    assert where["Subnets"] == ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    assert where["AssignPublicIp"] == "DISABLED"


def kinds(made: Any) -> list[tuple[str, str]]:
    return [
        (stack, resource["Type"])
        for stack, template in made.templates.items()
        for resource in template["Resources"].values()
    ]


@pytest.mark.parametrize("network", ["public", "nat"])
def test_s3_and_dynamodb_are_reached_without_the_internet(
    network: str, request: pytest.FixtureRequest
) -> None:
    made = request.getfixturevalue(network)
    where = reached(made)["Subnets"]
    template = made.template("streams")["Resources"].values()
    tables = {
        json.dumps(r["Properties"]["RouteTableId"])
        for r in template
        if r["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
        and r["Properties"]["SubnetId"] in where
    }
    endpoints = all_of(made, "AWS::EC2::VPCEndpoint")
    assert {end["ServiceName"]["Fn::Sub"].rsplit(".", 1)[1] for end in endpoints} == {
        "s3",
        "dynamodb",
    }
    for endpoint in endpoints:
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert {json.dumps(table) for table in endpoint["RouteTableIds"]} == tables


def test_no_task_starts_before_its_way_out_is_there(public: Any, nat: Any) -> None:
    for made in (public, nat):
        template = made.template("streams")["Resources"]
        (service,) = [r for r in template.values() if r["Type"] == "AWS::ECS::Service"]
        routes = {i for i, r in template.items() if r["Type"] == "AWS::EC2::Route"}
        assert routes <= set(service["DependsOn"])


def container(made: Any) -> dict[str, Any]:
    (found,) = one(made, "AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    read: dict[str, Any] = found
    return read


def test_the_container_can_write_nothing_but_its_scratch(public: Any) -> None:
    made = container(public)
    assert made["ReadonlyRootFilesystem"] is True
    assert made["User"] == "65532:65532"
    assert made["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert made["LinuxParameters"]["InitProcessEnabled"] is True
    (mount,) = made["MountPoints"]
    (volume,) = one(public, "AWS::ECS::TaskDefinition")["Volumes"]
    assert mount == {"ContainerPath": SCRATCH, "ReadOnly": False, "SourceVolume": volume["Name"]}
    # A volume of the task's own storage: neither a host's folder nor a shared file system.
    assert set(volume) == {"Name"}


def test_health_is_asked_and_the_end_has_time(public: Any) -> None:
    made = container(public)
    assert made["HealthCheck"] == {
        "Command": ["CMD", "python", "-m", "functions.stream_reader.health"],
        "Interval": 30,
        "Timeout": 10,
        "Retries": 3,
        "StartPeriod": 60,
    }
    assert made["StopTimeout"] == 120


def test_a_deployment_overlaps_and_is_rolled_back(public: Any, nat: Any) -> None:
    service = one(public, "AWS::ECS::Service")
    assert service["DeploymentConfiguration"] == {
        "MinimumHealthyPercent": 100,
        "MaximumPercent": 200,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    assert service["DesiredCount"] == 1
    assert service["EnableExecuteCommand"] is False
    assert one(nat, "AWS::ECS::Service")["DesiredCount"] == 3


def test_the_task_is_of_the_stages_size_and_processor(public: Any, nat: Any) -> None:
    of = {
        name: one(made, "AWS::ECS::TaskDefinition")
        for name, made in (("public", public), ("nat", nat))
    }
    assert (of["public"]["Cpu"], of["public"]["Memory"]) == ("512", "1024")
    assert (of["nat"]["Cpu"], of["nat"]["Memory"]) == ("1024", "2048")
    assert of["public"]["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert of["nat"]["RuntimePlatform"]["CpuArchitecture"] == "X86_64"


def test_the_image_is_built_for_that_processor_from_the_prepared_context(
    public: Any, nat: Any
) -> None:
    digests = set()
    for made, platform in ((public, "linux/arm64"), (nat, "linux/amd64")):
        manifest = json.loads((made.folder / "switchboard-made-streams.assets.json").read_text())
        ((digest, image),) = manifest["dockerImages"].items()
        assert image["source"]["platform"] == platform
        assert f":{digest}" in json.dumps(container(made)["Image"])
        digests.add(digest)
        context = made.folder / image["source"]["directory"]
        held = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
        prepared = bundling.reader_context()
        assert held == {
            str(path.relative_to(prepared)) for path in prepared.rglob("*") if path.is_file()
        }
        assert {"Dockerfile", "stream_reader.txt", "functions/stream_reader/spec.py"} <= held
    # An image of one processor is never taken for one of the other.
    assert len(digests) == 2


ENVIRONMENT = (
    "STAGE", "STATE_TABLE", "CONFIGURATION_TABLE", "ARCHIVE_BUCKET", "INGEST_QUEUE_URL",
    "INGEST_BULK_QUEUE_URL", "EVENTS_TABLE", "SOURCES", "HEALTH_FILE",
)  # fmt: skip


def test_the_task_is_told_names_and_no_secret(public: Any) -> None:
    made = container(public)
    told = {variable["Name"]: variable["Value"] for variable in made["Environment"]}
    assert {name for name in told if name.startswith("SWITCHBOARD_")} == {
        f"SWITCHBOARD_{name}" for name in ENVIRONMENT
    }
    assert json.loads(told["SWITCHBOARD_SOURCES"]) == {
        "contact-centre": "stream",
        "legacy": "stream",
    }
    assert told["AWS_REGION"] == {"Ref": "AWS::Region"}
    assert told["SWITCHBOARD_INGEST_BULK_QUEUE_URL"] == {
        "Fn::Sub": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/"
        "switchboard-made-ingest-bulk.fifo"
    }
    assert "Secrets" not in made


def role(made: Any, name: str) -> dict[str, Any]:
    (found,) = [r for r in all_of(made, "AWS::IAM::Role") if r.get("RoleName") == name]
    return found


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:R:A:{rest}"


def test_the_task_may_do_what_it_does_on_what_it_names(public: Any) -> None:
    (policy,) = role(public, "switchboard-made-stream-reader-role")["Policies"]
    prefix = "switchboard-made"
    ingest, bulk = (arn("sqs", f"{prefix}-{name}.fifo") for name in ("ingest", "ingest-bulk"))
    keep = "dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem"
    assert statements(policy["PolicyDocument"], public.template("streams")) == table(
        ("sqs:SendMessage", ingest),
        ("sqs:SendMessage sqs:GetQueueAttributes", bulk),
        *[
            ("ssm:GetParameters", arn("ssm", f"parameter/switchboard/made/sources/{name}"))
            for name in STREAMS
        ],
        *[
            ("secretsmanager:GetSecretValue", f"/switchboard/made/sources/{name}")
            for name in STREAMS
        ],
        (keep, arn("dynamodb", f"table/{prefix}-state")),
        ("dynamodb:BatchGetItem", arn("dynamodb", f"table/{prefix}-events")),
        ("dynamodb:PutItem dynamodb:Query", arn("dynamodb", f"table/{prefix}-configuration")),
        ("s3:PutObject", f"arn:aws:s3:::{prefix}-archive-A-R/claims/*"),
    )


def test_ecs_may_pull_the_image_and_write_the_logs_and_no_more(public: Any) -> None:
    (policy,) = role(public, "switchboard-made-reader-execution")["Policies"]
    pull, token, write = policy["PolicyDocument"]["Statement"]
    assert set(pull["Action"]) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
    }
    assert "container-assets" in json.dumps(pull["Resource"])
    assert (token["Action"], token["Resource"]) == (["ecr:GetAuthorizationToken"], ["*"])
    assert set(write["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert "log-group:/switchboard/made/stream-reader:" in json.dumps(write["Resource"])


@pytest.mark.parametrize("source", sorted(STREAMS))
def test_every_stream_has_its_alarms(public: Any, source: str) -> None:
    alarms = {
        alarm["MetricName"]: alarm
        for alarm in all_of(public, "AWS::CloudWatch::Alarm")
        if {"Name": "source", "Value": source} in alarm.get("Dimensions", [])
    }
    assert set(alarms) == {
        "alive", "gaps", "poison", "muted", "silent", "nothing_ever_came", "refused_handshakes",
        "configuration_errors", "document_refused", "lag_seconds", "ack_lag_ms", "sqs_refused",
        "drift",
    }  # fmt: skip
    for metric, alarm in alarms.items():
        assert alarm["AlarmName"].startswith(f"switchboard-made-{source}-")
        assert source in alarm["AlarmDescription"]
        assert "{" not in alarm["AlarmDescription"]
        assert len(alarm["AlarmDescription"]) > 100
        assert alarm["AlarmActions"]
        assert (alarm["TreatMissingData"] == "breaching") is (metric == "alive")
    assert alarms["alive"]["ComparisonOperator"] == "LessThanThreshold"
    assert alarms["lag_seconds"]["Statistic"] == "Maximum"
    assert alarms["refused_handshakes"]["Threshold"] > 1


def test_an_alarm_says_which_step_to_take() -> None:
    steps = ("Run `", "run `", "{logs}", "made anew and goes on")
    for watch in WATCHES:
        assert any(step in watch.description for step in steps), watch.metric


def test_the_dashboard_shows_every_stream(public: Any) -> None:
    (board,) = (
        resource["Properties"]
        for resource in public.template("streams")["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Dashboard"
    )
    widgets = json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]
    graphs = [widget["properties"] for widget in widgets if widget["type"] == "metric"]
    for source in STREAMS:
        shown = {line[1] for graph in graphs for line in graph["metrics"] if line[5] == source}
        assert shown >= {
            "events", "frames", "lag_seconds", "in_flight", "ack_lag_ms", "reconnects",
            "refused_handshakes", "duplicates", "gaps", "poison",
        }  # fmt: skip
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


def test_secrets_of_streams_are_in_their_stack_with_their_fields(public: Any) -> None:
    secrets = {
        found["Name"]: (stack, found["Description"])
        for stack, _, found in public.resources("AWS::SecretsManager::Secret")
    }
    for source, fields in (("contact-centre", "key"), ("legacy", "key")):
        stack, description = secrets[f"/switchboard/made/sources/{source}"]
        assert stack == "switchboard-made-streams"
        assert description.endswith(f"a JSON object, {fields}.")
    assert secrets["/switchboard/made/sources/meetings"][0] == "switchboard-made-core"


def test_the_desk_is_told_where_the_reader_runs(public: Any) -> None:
    (told,) = [
        found["Value"]
        for found in all_of(public, "AWS::SSM::Parameter")
        if found["Name"] == "/switchboard/made/deployment/streams"
    ]
    assert json.loads(told) == {
        "cluster": one(public, "AWS::ECS::Cluster")["ClusterName"],
        "service": one(public, "AWS::ECS::Service")["ServiceName"],
        "log_group": "/switchboard/made/stream-reader",
        "sources": {"contact-centre": "stream", "legacy": "stream"},
    }
    groups = [group["LogGroupName"] for group in all_of(public, "AWS::Logs::LogGroup")]
    assert "/switchboard/made/stream-reader" in groups


def test_a_stage_without_a_stream_has_no_network_no_cluster_and_no_image(make_stage: Make) -> None:
    without = make_stage("streams-none", staged(WEBHOOK))
    assert not [kind for _, kind in kinds(without) if kind.startswith(("AWS::EC2::", "AWS::ECS::"))]
    for manifest in without.folder.glob("*.assets.json"):
        assert not json.loads(manifest.read_text()).get("dockerImages")


def test_the_core_does_not_change_when_a_stream_is_added(public: Any, make_stage: Make) -> None:
    without = make_stage("streams-none", staged(WEBHOOK))
    core = "switchboard-made-core.template.json"
    assert (without.folder / core).read_bytes() == (public.folder / core).read_bytes()
    assert "switchboard-made-streams" not in without.templates


def test_a_stage_of_streams_alone_has_no_api_and_no_receiver(nat: Any) -> None:
    made = {kind for _, kind in kinds(nat)}
    assert not [kind for kind in made if kind.startswith("AWS::ApiGateway::")]
    functions = {one["FunctionName"] for one in all_of(nat, "AWS::Lambda::Function")}
    every = ("route-events", "replay-events", "control-destinations")
    timed = ("fire-timers", "compact-archive")
    assert functions == {f"switchboard-made-{name}" for name in (*every, *timed)}


def test_the_stack_is_joined_by_names_alone_and_small(public: Any, nat: Any) -> None:
    for made, most in ((public, 60), (nat, 70)):
        template = made.template("streams")
        assert "Outputs" not in template
        assert "Fn::ImportValue" not in json.dumps(template)
        assert len(template["Resources"]) <= most
        manifest = json.loads((made.folder / "manifest.json").read_text())
        assert "switchboard-made-core" in json.dumps(
            manifest["artifacts"]["switchboard-made-streams"]["dependencies"]
        )


@pytest.mark.parametrize("network", ["public", "nat", "existing"])
def test_the_template_is_clean(network: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(network).folder
    cfn_lint = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run(
        [cfn_lint, "-r", "eu-west-1", "--", folder / "switchboard-made-streams.template.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
