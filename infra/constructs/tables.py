"""DynamoDB tables: on demand, with point-in-time recovery and expiry."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

EXPIRY = "expires_at"


class Table(Construct):
    """A table with a partition key, maybe a sort key, and indexes: name, keys and projection."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        keys: Sequence[tuple[str, str]],
        retain: bool,
        indexes: Sequence[tuple[str, Sequence[tuple[str, str]], str]] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        attributes = {**dict(keys), **{k: v for _, of_index, _ in indexes for k, v in of_index}}
        self.resource = dynamodb.CfnTable(
            self,
            "Table",
            table_name=name,
            billing_mode="PAY_PER_REQUEST",
            attribute_definitions=[
                dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=k, attribute_type=v)
                for k, v in attributes.items()
            ],
            key_schema=_schema(keys),
            global_secondary_indexes=[
                dynamodb.CfnTable.GlobalSecondaryIndexProperty(
                    index_name=index,
                    key_schema=_schema(of_index),
                    projection=dynamodb.CfnTable.ProjectionProperty(projection_type=projection),
                )
                for index, of_index, projection in indexes
            ]
            or None,
            time_to_live_specification=dynamodb.CfnTable.TimeToLiveSpecificationProperty(
                attribute_name=EXPIRY, enabled=True
            ),
            point_in_time_recovery_specification=(
                dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                    point_in_time_recovery_enabled=True
                )
            ),
            sse_specification=dynamodb.CfnTable.SSESpecificationProperty(sse_enabled=True),
        )
        removal = cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY
        self.resource.apply_removal_policy(removal)
        self.name = self.resource.ref
        self.arn = self.resource.attr_arn


def _schema(keys: Sequence[tuple[str, str]]) -> list[dynamodb.CfnTable.KeySchemaProperty]:
    return [
        dynamodb.CfnTable.KeySchemaProperty(attribute_name=name, key_type=kind)
        for (name, _), kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
