"""Which role may do what: the whole table, and no wildcard that could name a resource."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from desk.demo.sabotage import SABOTAGES, SabotageFailed, Staged
from tests.infra.conftest import Synthesized

PSEUDO = {"${AWS::Partition}": "aws", "${AWS::Region}": "R", "${AWS::AccountId}": "A"}

POLL = "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage"
KEEP = "dynamodb:PutItem dynamodb:Query"
ARCHIVE = "arn:aws:s3:::switchboard-laptop-archive-A-R"
DESTINATIONS = ("crm", "pager", "lake", "chat")
LANES = (*(f"{name}-normal" for name in DESTINATIONS), "pager-urgent")


def plain(resource: Any, template: dict[str, Any]) -> str:
    """A resource as one text: ARNs filled in, references followed to the name they lead to."""
    if isinstance(resource, dict) and "Fn::Sub" not in resource:
        target = resource.get("Ref") or resource["Fn::GetAtt"][0]
        properties = template["Resources"][target]["Properties"]
        return str(next(properties[key] for key in ("TableName", "Name") if key in properties))
    written = str(resource["Fn::Sub"] if isinstance(resource, dict) else resource)
    for name, value in PSEUDO.items():
        written = written.replace(name, value)
    return re.sub(r"\$\{(\w+)\}", lambda found: polled_by(found[1], template), written)


def polled_by(mapping: str, template: dict[str, Any]) -> str:
    """The name of the queue that an event source mapping polls."""
    queue = template["Resources"][mapping]["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
    return str(template["Resources"][queue]["Properties"]["QueueName"])


def permissions(laptop: Any, function: str) -> set[tuple[str, str]]:
    """Every action and resource of a function's role, policies of other stacks included."""
    role = f"switchboard-laptop-{function}-role"
    found: set[tuple[str, str]] = set()
    for template in laptop.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::IAM::Role" and properties.get("RoleName") == role:
                for policy in properties["Policies"]:
                    found |= statements(policy["PolicyDocument"], template)
            if resource["Type"] == "AWS::IAM::Policy" and role in properties["Roles"]:
                found |= statements(properties["PolicyDocument"], template)
    return found


def statements(document: dict[str, Any], template: dict[str, Any]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in resources if isinstance(resources, list) else [resources]:
                found.add((action, plain(resource, template)))
    return found


def table(*rows: tuple[str, str]) -> set[tuple[str, str]]:
    return {(action, resource) for actions, resource in rows for action in actions.split()}


def queue(name: str) -> str:
    return f"arn:aws:sqs:R:A:switchboard-laptop-{name}.fifo"


def document(name: str) -> str:
    return f"arn:aws:ssm:R:A:parameter/switchboard/laptop{name}"


def logs(function: str) -> tuple[str, str]:
    group = f"/aws/lambda/switchboard-laptop-{function}"
    stream = f"arn:aws:logs:R:A:log-group:{group}:log-stream:*"
    return "logs:CreateLogStream logs:PutLogEvents", stream


def test_receive_webhook(laptop: Any) -> None:
    sources = ("meetings", "partner", "legacy-pbx")
    assert permissions(laptop, "receive-webhook") == table(
        ("sqs:SendMessage", queue("ingest")),
        *[("ssm:GetParameters", document(f"/sources/{name}")) for name in sources],
        *[
            ("secretsmanager:GetSecretValue", f"/switchboard/laptop/sources/{name}")
            for name in sources
        ],
        ("dynamodb:GetItem", "switchboard-laptop-state"),
        (KEEP, "switchboard-laptop-configuration"),
        ("s3:PutObject", f"{ARCHIVE}/claims/*"),
        logs("receive-webhook"),
    )


def test_route_events(laptop: Any) -> None:
    assert permissions(laptop, "route-events") == table(
        (POLL, queue("ingest")),
        (POLL, queue("ingest-bulk")),
        ("sqs:SendMessage", queue("ingest-dead")),
        *[("sqs:GetQueueAttributes sqs:SendMessage", queue(lane)) for lane in LANES],
        ("ssm:GetParametersByPath", document("")),
        ("dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem", "switchboard-laptop-events"),
        ("dynamodb:GetItem dynamodb:UpdateItem", "switchboard-laptop-state"),
        ("dynamodb:PutItem", "switchboard-laptop-ledger"),
        ("dynamodb:BatchWriteItem", "switchboard-laptop-timers"),
        ("dynamodb:BatchGetItem", "switchboard-laptop-reference"),
        (KEEP, "switchboard-laptop-configuration"),
        ("s3:GetObject s3:PutObject", f"{ARCHIVE}/raw/*"),
        ("s3:GetObject s3:PutObject", f"{ARCHIVE}/claims/*"),
        logs("route-events"),
    )


def test_fire_timers(laptop: Any) -> None:
    assert permissions(laptop, "fire-timers") == table(
        ("sqs:SendMessage", queue("ingest")),
        ("ssm:GetParametersByPath", document("/timers")),
        ("dynamodb:Query", "switchboard-laptop-events"),
        ("dynamodb:BatchWriteItem dynamodb:Query", "switchboard-laptop-timers"),
        (KEEP, "switchboard-laptop-configuration"),
        ("s3:GetObject s3:PutObject", f"{ARCHIVE}/claims/*"),
        logs("fire-timers"),
    )


def test_replay_events(laptop: Any) -> None:
    assert permissions(laptop, "replay-events") == table(
        ("sqs:SendMessage", queue("ingest-bulk")),
        ("dynamodb:BatchGetItem", "switchboard-laptop-events"),
        ("dynamodb:GetItem dynamodb:UpdateItem", "switchboard-laptop-state"),
        ("s3:GetObject", f"{ARCHIVE}/replays/*"),
        logs("replay-events"),
    )


def test_compact_archive(laptop: Any) -> None:
    assert permissions(laptop, "compact-archive") == table(
        ("s3:ListBucket", ARCHIVE),
        ("s3:GetObject", f"{ARCHIVE}/raw/*"),
        ("s3:GetObject s3:PutObject", f"{ARCHIVE}/compacted/*"),
        ("s3:PutObject", f"{ARCHIVE}/modelled/*"),
        logs("compact-archive"),
    )


def test_control_destinations(laptop: Any) -> None:
    mapping = "arn:aws:lambda:R:A:event-source-mapping:switchboard-laptop-{}.fifo"
    switch = "lambda:GetEventSourceMapping lambda:UpdateEventSourceMapping"
    drained = "arn:aws:lambda:R:A:function:switchboard-laptop-to-{}"
    assert permissions(laptop, "control-destinations") == table(
        ("ssm:GetParametersByPath", document("/deployment/destinations")),
        ("dynamodb:GetItem", "switchboard-laptop-state"),
        *[(switch, mapping.format(lane)) for lane in LANES],
        *[("sqs:GetQueueAttributes", queue(lane)) for lane in LANES],
        *[("lambda:InvokeFunction", drained.format(name)) for name in DESTINATIONS],
        logs("control-destinations"),
    )


def test_nobody_else_may_switch_a_mapping(laptop: Any) -> None:
    for function in functions(laptop) - {"control-destinations"}:
        for action, _ in permissions(laptop, function):
            assert not action.startswith("lambda:")


def functions(laptop: Any) -> set[str]:
    return {
        properties["FunctionName"].removeprefix("switchboard-laptop-")
        for _, _, properties in laptop.resources("AWS::Lambda::Function")
    }


def destination(name: str) -> set[tuple[str, str]]:
    """What every destination may, whatever its kind."""
    return table(
        *[(POLL, queue(lane)) for lane in LANES if lane.startswith(f"{name}-")],
        ("sqs:SendMessage", queue(f"{name}-dead")),
        ("sqs:SendMessage", queue("ingest-bulk")),
        ("ssm:GetParameters", document(f"/destinations/{name}")),
        ("ssm:GetParameters", document("/mappings/*")),
        ("ssm:GetParameters", document("/policies/fields")),
        (
            "dynamodb:GetItem dynamodb:PutItem dynamodb:Query",
            "arn:aws:dynamodb:R:A:table/switchboard-laptop-ledger",
        ),
        (
            "dynamodb:GetItem dynamodb:UpdateItem",
            "arn:aws:dynamodb:R:A:table/switchboard-laptop-state",
        ),
        (
            f"{KEEP} dynamodb:UpdateItem",
            "arn:aws:dynamodb:R:A:table/switchboard-laptop-configuration",
        ),
        ("dynamodb:BatchGetItem", "arn:aws:dynamodb:R:A:table/switchboard-laptop-reference"),
        ("s3:GetObject", f"{ARCHIVE}/claims/*"),
        ("s3:GetObject", f"{ARCHIVE}/raw/*"),
        logs(f"to-{name}"),
    )


def test_a_webhook_destination(laptop: Any) -> None:
    for name in ("crm", "pager"):
        own = {
            ("secretsmanager:GetSecretValue", f"/switchboard/laptop/destinations/{name}"),
            ("dynamodb:Query", "arn:aws:dynamodb:R:A:table/switchboard-laptop-events"),
        }
        assert permissions(laptop, f"to-{name}") == destination(name) | own


def test_an_s3_destination(laptop: Any) -> None:
    own = {
        ("secretsmanager:GetSecretValue", "/switchboard/laptop/destinations/lake"),
        ("s3:PutObject", "arn:aws:s3:::switchboard-laptop-lake/events/*"),
    }
    assert permissions(laptop, "to-lake") == destination("lake") | own


def test_a_slack_destination(laptop: Any) -> None:
    secret = ("secretsmanager:GetSecretValue", "/switchboard/laptop/destinations/chat")
    assert permissions(laptop, "to-chat") == destination("chat") | {secret}


def test_no_wildcard_could_name_a_resource(laptop: Any) -> None:
    for function in functions(laptop):
        for action, resource in permissions(laptop, function):
            assert "*" not in action
            # A wildcard stands at the end, behind a prefix that is fixed.
            assert "*" not in resource or resource.endswith(("/*", ":*"))
            assert resource.count("*") <= 1
            assert len(resource.rstrip("*")) > 20


def test_the_statement_that_a_sabotage_takes_away_is_there(
    laptop: Synthesized, tmp_path: Path
) -> None:
    assembly = shutil.copytree(laptop.folder, tmp_path / "assembly", symlinks=True)
    staged = Staged(assembly, tmp_path, tmp_path)
    SABOTAGES["iam"].apply(staged)
    with pytest.raises(SabotageFailed):
        SABOTAGES["iam"].apply(staged)
