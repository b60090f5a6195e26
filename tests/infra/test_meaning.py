"""What the templates mean, resource by resource."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from functions.replay_events.asking import SPARE_SECONDS


def properties(laptop: Any, kind: str) -> list[dict[str, Any]]:
    return [found for _, _, found in laptop.resources(kind)]


def named(laptop: Any, kind: str, key: str) -> dict[str, dict[str, Any]]:
    return {found[key]: found for found in properties(laptop, kind)}


def text(value: Any) -> str:
    return json.dumps(value)


def test_every_queue_is_a_fast_fifo_queue_with_a_dead_letter_queue(laptop: Any) -> None:
    queues = named(laptop, "AWS::SQS::Queue", "QueueName")
    assert set(queues) == {
        f"switchboard-laptop-{name}.fifo"
        for name in (
            "ingest", "ingest-bulk", "ingest-dead",
            "crm-normal", "crm-dead", "lake-normal", "lake-dead", "chat-normal", "chat-dead",
            "pager-normal", "pager-urgent", "pager-dead",
        )
    }  # fmt: skip
    for name, queue in queues.items():
        assert queue["FifoQueue"] is True
        assert queue["DeduplicationScope"] == "messageGroup"
        assert queue["FifoThroughputLimit"] == "perMessageGroupId"
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
        assert queue["SqsManagedSseEnabled"] is True
        if name.endswith("-dead.fifo"):
            assert "RedrivePolicy" not in queue
        else:
            assert queue["RedrivePolicy"]["maxReceiveCount"] == 1000


def test_a_queue_hides_a_message_six_time_outs_long(laptop: Any) -> None:
    functions = named(laptop, "AWS::Lambda::Function", "FunctionName")
    queues = named(laptop, "AWS::SQS::Queue", "QueueName")
    feeds = {
        "route-events": ["ingest", "ingest-bulk"],
        "to-crm": ["crm-normal"],
        "to-pager": ["pager-normal", "pager-urgent"],
        "to-lake": ["lake-normal"],
        "to-chat": ["chat-normal"],
    }
    for function, fed_by in feeds.items():
        timeout = functions[f"switchboard-laptop-{function}"]["Timeout"]
        for queue in fed_by:
            visible = queues[f"switchboard-laptop-{queue}.fifo"]["VisibilityTimeout"]
            assert visible >= 6 * timeout


def test_every_queue_refuses_what_does_not_come_over_tls(laptop: Any) -> None:
    policies = properties(laptop, "AWS::SQS::QueuePolicy")
    assert len(policies) == len(properties(laptop, "AWS::SQS::Queue"))
    for policy in policies:
        (statement,) = policy["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_mappings_report_partial_batches_and_are_bounded(laptop: Any) -> None:
    mappings = properties(laptop, "AWS::Lambda::EventSourceMapping")
    assert len(mappings) == 7
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["BatchSize"] <= 10
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
        assert "MaximumBatchingWindowInSeconds" not in mapping


def test_tables_expire_and_can_be_restored(laptop: Any) -> None:
    tables = named(laptop, "AWS::DynamoDB::Table", "TableName")
    keys = {
        name: [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
        for name, table in tables.items()
    }
    assert keys == {
        "switchboard-laptop-events": [("group", "HASH"), ("event_id", "RANGE")],
        "switchboard-laptop-timers": [("bucket", "HASH"), ("place", "RANGE")],
        "switchboard-laptop-ledger": [("group", "HASH"), ("delivery", "RANGE")],
        "switchboard-laptop-state": [("item", "HASH")],
        "switchboard-laptop-configuration": [("name", "HASH"), ("version", "RANGE")],
        "switchboard-laptop-reference": [("table", "HASH"), ("key", "RANGE")],
    }
    for table in tables.values():
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_archive_is_private_and_expires(laptop: Any) -> None:
    (bucket,) = properties(laptop, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = {rule.get("Prefix"): rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert {prefix: rule.get("ExpirationInDays") for prefix, rule in rules.items()} == {
        "raw/": 104, "claims/": 104, "replays/": 104, "compacted/": 400, "modelled/": 800,
        None: None,
    }  # fmt: skip
    assert rules[None]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    (policy,) = properties(laptop, "AWS::S3::BucketPolicy")
    assert text(policy["PolicyDocument"]).count("aws:SecureTransport") == 1


def test_secrets_have_fixed_names_and_no_value(laptop: Any) -> None:
    secrets = named(laptop, "AWS::SecretsManager::Secret", "Name")
    assert set(secrets) == {
        f"/switchboard/laptop/{name}"
        for name in (
            "sources/meetings", "sources/partner", "sources/legacy-pbx", "sources/contact-centre",
            "destinations/crm", "destinations/pager", "destinations/lake", "destinations/chat",
        )
    }  # fmt: skip
    lake = secrets["/switchboard/laptop/destinations/lake"]["Description"]
    assert lake.endswith("a JSON object, mapping_key for hash() and tokenise().")
    for secret in secrets.values():
        assert "SecretString" not in secret
        assert "GenerateSecretString" not in secret


def test_the_api_speaks_modern_tls_and_sees_the_exact_bytes(laptop: Any) -> None:
    (api,) = properties(laptop, "AWS::ApiGateway::RestApi")
    assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_2021_06"
    assert api["EndpointAccessMode"] == "BASIC"
    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    assert api["BinaryMediaTypes"] == ["*/*"]


def test_the_api_has_one_throttled_route_per_source(laptop: Any) -> None:
    methods = properties(laptop, "AWS::ApiGateway::Method")
    assert [method["HttpMethod"] for method in methods] == ["POST"] * 3
    (stage,) = properties(laptop, "AWS::ApiGateway::Stage")
    assert {setting["ResourcePath"] for setting in stage["MethodSettings"]} == {
        f"/~1webhooks~1{source}" for source in ("meetings", "partner", "legacy-pbx")
    }
    assert all(setting["ThrottlingRateLimit"] > 0 for setting in stage["MethodSettings"])
    log = stage["AccessLogSetting"]["Format"]
    assert "$context.status" in log
    assert "querystring" not in log.lower()


def test_every_function_has_its_logs_its_role_and_its_alarms(laptop: Any) -> None:
    groups = named(laptop, "AWS::Logs::LogGroup", "LogGroupName")
    alarms = named(laptop, "AWS::CloudWatch::Alarm", "AlarmName")
    roles = {role.get("RoleName"): role for role in properties(laptop, "AWS::IAM::Role")}
    for name in named(laptop, "AWS::Lambda::Function", "FunctionName"):
        assert groups[f"/aws/lambda/{name}"]["RetentionInDays"] == 1
        assert f"{name}-role" in roles
        assert f"{name}-errors" in alarms
        assert f"{name}-throttles" in alarms


def test_replays_go_on_each_minute_and_never_by_themselves(laptop: Any) -> None:
    rules = named(laptop, "AWS::Events::Rule", "Name")
    rule = rules["switchboard-laptop-replay-events-schedule"]
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(1 minute)", "ENABLED")
    allowed = [
        found["FunctionName"]
        for found in properties(laptop, "AWS::Lambda::Permission")
        if found["Principal"] == "events.amazonaws.com"
    ]
    (target,) = rule["Targets"]
    assert {"Ref": target["Arn"]["Fn::GetAtt"][0]} in allowed
    functions = named(laptop, "AWS::Lambda::Function", "FunctionName")
    timeout = functions["switchboard-laptop-replay-events"]["Timeout"]
    assert timeout > 2 * SPARE_SECONDS, "there is time to send, not only to end"
    stalled = named(laptop, "AWS::CloudWatch::Alarm", "AlarmName")
    assert "replay status" in stalled["switchboard-laptop-replay-stalled"]["AlarmDescription"]


def test_every_alarm_says_what_to_do_and_tells_somebody(laptop: Any) -> None:
    alarms = named(laptop, "AWS::CloudWatch::Alarm", "AlarmName")
    for name, alarm in alarms.items():
        assert len(alarm["AlarmDescription"]) > 60, name
        assert alarm["AlarmActions"], name
        # Only of the stream's reader says its silence that it does not run.
        silence = "breaching" if name.endswith("-alive") else "notBreaching"
        assert alarm["TreatMissingData"] == silence


@pytest.mark.parametrize("destination", ["crm", "pager", "lake", "chat"])
def test_every_destination_alarms_on_what_stops_it(laptop: Any, destination: str) -> None:
    alarms = named(laptop, "AWS::CloudWatch::Alarm", "AlarmName")
    prefix = f"switchboard-laptop-{destination}"
    for ending in (
        "dead-lettered", "configuration", "credentials", "document", "bugs", "normal-age",
        "dead-moved-by-sqs", "breaker-open", "held",
    ):  # fmt: skip
        assert f"{prefix}-{ending}" in alarms
    # Never on the length of the dead-letter queue: what is looked at and kept is no news.
    dead = alarms[f"{prefix}-dead-lettered"]
    assert (dead["Namespace"], dead["MetricName"]) == ("Switchboard", "dead_lettered")
    # A quarter of an hour without a minute in which it was closed.
    held = alarms[f"{prefix}-breaker-open"]
    assert (held["Statistic"], held["Period"], held["EvaluationPeriods"]) == ("Minimum", 300, 3)
    assert f"switchboard destinations test {destination}" in held["AlarmDescription"]


@pytest.mark.parametrize("source", ["meetings", "partner", "legacy-pbx"])
def test_every_source_alarms_on_refused_signatures(laptop: Any, source: str) -> None:
    alarms = named(laptop, "AWS::CloudWatch::Alarm", "AlarmName")
    refused = alarms[f"switchboard-laptop-{source}-refused-signature"]
    assert {d["Name"]: d["Value"] for d in refused["Dimensions"]} == {
        "stage": "laptop",
        "source": source,
    }


def test_stacks_are_joined_by_names_alone(laptop: Any) -> None:
    for template in laptop.templates.values():
        assert "Outputs" not in template
        assert "Fn::ImportValue" not in text(template)
        assert not [r for r in template["Resources"].values() if r["Type"].startswith("Custom::")]


def test_documents_are_the_customers_and_no_stack_writes_one(laptop: Any) -> None:
    parameters = named(laptop, "AWS::SSM::Parameter", "Name")
    assert set(parameters) == {
        "/switchboard/laptop/deployment/core",
        "/switchboard/laptop/deployment/streams",
        "/switchboard/laptop/deployment/destinations/crm",
        "/switchboard/laptop/deployment/destinations/pager",
        "/switchboard/laptop/deployment/destinations/lake",
        "/switchboard/laptop/deployment/destinations/chat",
    }


def test_old_layer_versions_stay_for_a_rollback(laptop: Any) -> None:
    for name, template in laptop.templates.items():
        layers = [
            r for r in template["Resources"].values() if r["Type"] == "AWS::Lambda::LayerVersion"
        ]
        of_functions = [] if name.endswith("-streams") else ["Retain"]
        assert [layer["DeletionPolicy"] for layer in layers] == of_functions


def test_acknowledgements_are_few_and_stand_at_their_constructs() -> None:
    root = Path(__file__).parents[2] / "infra"
    calls = sum(
        len(re.findall(r"^\s+acknowledge\(", path.read_text(), re.MULTILINE))
        for path in root.rglob("*.py")
    )
    assert 0 < calls <= 16
