"""Stages: what cdk.json may say, and how much a template may hold."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.stage import StageError, read_stage
from switchboard.sources import WEBHOOK_KINDS

SOURCES = {"meetings": {"kind": "jaas"}}
WEBHOOK = {"kind": "webhook"}
LAKE = {"kind": "s3", "bucket": "a-bucket-of-ours"}

Make = Callable[[str, Mapping[str, Any]], Any]


def refused(**changes: Any) -> str:
    stage = {"sources": SOURCES, "destinations": {"crm": WEBHOOK}, **changes}
    with pytest.raises(StageError) as error:
        read_stage("dev", {"dev": stage})
    return str(error.value)


def test_a_stage_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(StageError, match="no stage 'prod'; it has dev"):
        read_stage("prod", {"dev": {}})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"surprise": 1}, "surprise"),
        ({"sources": {"x": {"kind": "nope"}}}, "no source is of kind 'nope'"),
        ({"sources": {"switchboard": {"kind": "jaas"}}}, "'switchboard' is the source of its own"),
        ({"destinations": {"x": {"kind": "nope"}}}, "no destination is of kind 'nope'"),
        ({"destinations": {"x": {"kind": "s3"}}}, "bucket"),
        ({"destinations": {"x": {"kind": "webhook", "bucket": "b"}}}, "bucket"),
        ({"destinations": {"x": {"kind": "webhook", "concurrency": 1}}}, "concurrency"),
        ({"destinations": {"x": {"kind": "webhook", "timeout_seconds": 12}}}, "at least 20"),
        ({"destinations": {"Not A Name": WEBHOOK}}, "Not A Name"),
        ({"reader": {"cpu": 300}}, "reader.cpu"),
        ({"reader": {"cpu": 256, "memory": 4096}}, "memory 4096 does not go with cpu 256"),
        ({"reader": {"memory": 1500}}, "choose one of 1024, 2048, 3072, 4096"),
        ({"reader": {"tasks": 0}}, "reader.tasks"),
        ({"network": {"kind": "vpn"}}, "'public', 'nat', 'existing'"),
        ({"network": {"kind": "nat", "vpc_id": "vpc-12345678"}}, "network.nat.vpc_id"),
        ({"network": {"kind": "existing", "vpc_id": "vpc-12345678"}}, "network.existing.subnet"),
        ({"network": {"kind": "existing", "vpc_id": "v", "subnet_ids": []}}, "network.existing"),
        ({"sources": {"x": {"kind": "stream", "edge_allow": []}}}, "edge_allow is for webhooks"),
        ({"lost_end_hours": 0}, "lost_end_hours"),
        ({"lost_end_hours": 169}, "lost_end_hours"),
        ({"raw_days": 20, "ledger_days": 90}, "raw_days must be at least ledger_days"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_named(changes: Any, why: str) -> None:
    assert why in refused(**changes)


@pytest.mark.parametrize(
    ("given", "cpu", "memory"),
    [
        ({}, 512, 1024),
        ({"cpu": 256}, 256, 1024),
        ({"cpu": 2048}, 2048, 4096),
        ({"memory": 3072}, 512, 3072),
        ({"cpu": 1024, "memory": 8192}, 1024, 8192),
    ],
)
def test_the_reader_is_of_a_size_that_fargate_has(given: Any, cpu: int, memory: int) -> None:
    stage = {"sources": SOURCES, "destinations": {}, "reader": given}
    reader = read_stage("dev", {"dev": stage}).reader
    assert (reader.cpu_units, reader.memory_mb) == (cpu, memory)


def test_thirty_four_destinations_stay_small_and_the_core_does_not_change(make_stage: Make) -> None:
    kinds = [WEBHOOK, LAKE]
    few = {f"d{n}": {**kinds[n % 2], "lanes": True} for n in range(3)}
    many = {f"d{n}": {**kinds[n % 2], "lanes": True} for n in range(34)}
    small = make_stage("few", {"sources": SOURCES, "destinations": few})
    large = make_stage("many", {"sources": SOURCES, "destinations": many})
    sizes = {name: len(found["Resources"]) for name, found in large.templates.items()}
    assert len(sizes) == 35
    assert max(sizes.values()) <= 400
    core = "switchboard-made-core.template.json"
    assert (small.folder / core).read_bytes() == (large.folder / core).read_bytes()


def test_lanes_add_an_urgent_queue_that_router_and_function_know(make_stage: Make) -> None:
    stage = {"sources": SOURCES, "destinations": {"crm": {**WEBHOOK, "lanes": True}}}
    made = make_stage("lanes", stage)
    template = json.dumps(made.template("destination-crm"))
    assert "switchboard-made-crm-urgent.fifo" in template
    assert "SWITCHBOARD_URGENT_QUEUE_URL" in template
    mappings = list(made.resources("AWS::Lambda::EventSourceMapping"))
    assert len([found for found in mappings if "crm" in found[0]]) == 2


def test_edge_allow_names_every_other_route_and_makes_a_new_deployment(make_stage: Make) -> None:
    sources = {**SOURCES, "partner": {"kind": "standard_webhooks"}}
    guarded = {**sources, "meetings": {"kind": "jaas", "edge_allow": ["52.26.201.32/32"]}}
    open_ = make_stage("open", {"sources": sources, "destinations": {}})
    made = make_stage("guarded", {"sources": guarded, "destinations": {}})
    ((_, _, api),) = made.resources("AWS::ApiGateway::RestApi")
    meetings, partner = api["Policy"]["Statement"]
    assert meetings["Condition"] == {"IpAddress": {"aws:SourceIp": ["52.26.201.32/32"]}}
    assert "Condition" not in partner
    deployments = [
        {logical_id for _, logical_id, _ in one.resources("AWS::ApiGateway::Deployment")}
        for one in (open_, made)
    ]
    assert deployments[0] != deployments[1]


def test_every_kind_of_webhook_has_a_route_and_a_secret_that_says_its_field(
    make_stage: Make,
) -> None:
    sources = {f"of-{kind.replace('_', '-')}": {"kind": kind} for kind in WEBHOOK_KINDS}
    made = make_stage("every-kind", {"sources": sources, "destinations": {}})
    routes = [found["PathPart"] for _, _, found in made.resources("AWS::ApiGateway::Resource")]
    assert set(sources) <= set(routes)
    said = {
        found["Name"]: found["Description"]
        for _, _, found in made.resources("AWS::SecretsManager::Secret")
    }
    for name, entry in sources.items():
        field = WEBHOOK_KINDS[entry["kind"]].secret_field
        assert said[f"/switchboard/made/sources/{name}"].endswith(f"a JSON object, {field}.")


def test_a_kept_stage_keeps_queues_tables_and_archive(make_stage: Make) -> None:
    made = make_stage("kept", {"sources": SOURCES, "destinations": {"crm": WEBHOOK}})
    kept = {"AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::S3::Bucket"}
    for template in made.templates.values():
        for resource in template["Resources"].values():
            if resource["Type"] in kept:
                assert resource["DeletionPolicy"] == "Retain"


def test_two_syntheses_are_equal(laptop: Any, tmp_path: Any) -> None:
    from tests.infra.conftest import synthesize

    again = synthesize(tmp_path / "again", "laptop")
    assert {name: json.dumps(one) for name, one in again.templates.items()} == {
        name: json.dumps(one) for name, one in laptop.templates.items()
    }


def texts(made: Any) -> str:
    return "".join(json.dumps(template) for template in made.templates.values())


def test_when_an_end_is_lost_is_the_same_to_who_sets_timers_and_who_fires_them(
    make_stage: Make,
) -> None:
    stage = {"sources": SOURCES, "destinations": {}, "lost_end_hours": 72}
    variables = [
        found["Environment"]["Variables"]
        for _, _, found in make_stage("weekend", stage).resources("AWS::Lambda::Function")
    ]
    hours = [one.get("SWITCHBOARD_LOST_END_HOURS") for one in variables]
    assert [one for one in hours if one] == ["72", "72"]


def test_what_is_for_webhooks_skips_a_stream(make_stage: Make) -> None:
    stream = {"contact-center": {"kind": "stream"}}
    both = make_stage("both", {"sources": {**SOURCES, **stream}, "destinations": {}})
    paths = [found["PathPart"] for _, _, found in both.resources("AWS::ApiGateway::Resource")]
    assert paths == ["webhooks", "meetings"]
    (receiver,) = [
        found
        for _, _, found in both.resources("AWS::Lambda::Function")
        if found["FunctionName"].endswith("receive-webhook")
    ]
    variables = receiver["Environment"]["Variables"]
    assert json.loads(variables["SWITCHBOARD_SOURCES"]) == {"meetings": "jaas"}
    (role,) = [
        found
        for _, _, found in both.resources("AWS::IAM::Role")
        if str(found.get("RoleName")).endswith("receive-webhook-role")
    ]
    assert "contact-center" not in json.dumps(role)
    alarms = [found["AlarmName"] for _, _, found in both.resources("AWS::CloudWatch::Alarm")]
    assert "switchboard-made-meetings-refused-signature" in alarms
    assert "switchboard-made-contact-center-refused-signature" not in alarms


def test_a_stage_with_a_stream_alone_has_no_api(make_stage: Make) -> None:
    stage = {"sources": {"contact-center": {"kind": "stream"}}, "destinations": {"crm": WEBHOOK}}
    made = make_stage("stream", stage)
    kinds = {
        one["Type"] for found in made.templates.values() for one in found["Resources"].values()
    }
    assert "AWS::Lambda::Function" in kinds
    assert not [kind for kind in kinds if kind.startswith("AWS::ApiGateway")]
    assert "receive-webhook" not in texts(made)
    (core,) = [
        found["Value"]
        for _, _, found in made.resources("AWS::SSM::Parameter")
        if found["Name"].endswith("deployment/core")
    ]
    written = json.dumps(core)
    assert "contact-center" not in written
    assert "api_url" not in written


@pytest.mark.parametrize("more", [{"requests_per_second": 5}, {"edge_allow": ["52.26.201.32/32"]}])
def test_a_stream_has_no_route_to_configure(more: Any) -> None:
    sources = {"contact-center": {"kind": "stream", **more}}
    assert f"{next(iter(more))} is for webhooks" in refused(sources=sources)
