"""The archive as Athena sees it: a Glue database with a table for each layer, and no crawler.

Partitions are computed from a query's own words (projection): the keys under which objects are
written say everything, so nothing has to be registered when one is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_glue as glue
from constructs import Construct

from infra.names import Names
from infra.stage import Stage
from infra.statements import Statement, allow, bucket_arn
from switchboard.event import Event
from switchboard.hours import COMPACTED, MODELLED, PAYLOAD, RAW

RAW_COLUMNS: Mapping[str, str] = dict.fromkeys(("id", "source", "time", *PAYLOAD), "string")
_TYPES: Mapping[Any, str] = {bool: "boolean", int: "bigint"}
EVENT_COLUMNS: Mapping[str, str] = {
    name: _TYPES.get(info.annotation, "string") for name, info in Event.model_fields.items()
}
"""`data` is JSON text: its fields are those of the event's type."""

LAYERS = (RAW, COMPACTED)
DAY: Mapping[str, str] = {
    "projection.day.type": "date",
    "projection.day.format": "yyyy/MM/dd",
    "projection.day.interval": "1",
    "projection.day.interval.unit": "DAYS",
}


class Lake(Construct):
    """The database of a stage and its tables `raw` and `events`."""

    def __init__(self, scope: Construct, names: Names, bucket: str, stage: Stage) -> None:
        super().__init__(scope, "Lake")
        self._database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=names.database,
                description="Switchboard's archive: what came, and what it became.",
            ),
        )
        self._bucket = bucket
        self._table(
            names.database,
            "raw",
            RAW_COLUMNS,
            keys=("layer", "day"),
            path="${layer}/${day}/",
            projection={
                **DAY,
                "projection.day.range": f"NOW-{stage.raw_days}DAYS,NOW",
                # To be named in each query: an hour is in both, as it came and compacted.
                "projection.layer.type": "injected",
            },
        )
        self._table(
            names.database,
            "events",
            EVENT_COLUMNS,
            keys=("day",),
            path=f"{MODELLED}/${{day}}/",
            projection={**DAY, "projection.day.range": f"NOW-{stage.modelled_days}DAYS,NOW"},
        )

    def _table(
        self,
        database: str,
        name: str,
        columns: Mapping[str, str],
        *,
        keys: Sequence[str],
        path: str,
        projection: Mapping[str, str],
    ) -> None:
        table = glue.CfnTable(
            self,
            name.capitalize(),
            catalog_id=cdk.Aws.ACCOUNT_ID,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                table_type="EXTERNAL_TABLE",
                partition_keys=[
                    glue.CfnTable.ColumnProperty(name=key, type="string") for key in keys
                ],
                parameters={
                    "EXTERNAL": "TRUE",
                    "classification": "json",
                    "compressionType": "gzip",
                    "projection.enabled": "true",
                    **projection,
                    "storage.location.template": self._location(path),
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        glue.CfnTable.ColumnProperty(name=column, type=kind)
                        for column, kind in columns.items()
                    ],
                    location=self._location(path.partition("$")[0]),
                    input_format="org.apache.hadoop.mapred.TextInputFormat",
                    output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    compressed=True,
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library="org.openx.data.jsonserde.JsonSerDe"
                    ),
                ),
            ),
        )
        table.node.add_dependency(self._database)

    def _location(self, path: str) -> str:
        return cdk.Fn.join("", ["s3://", self._bucket, "/", path])


def compacting_statements(archive: str) -> Sequence[Statement]:
    """What `compact_archive` may do: read what came, and write what is made of it."""
    read = [bucket_arn(archive, f"/{layer}/*") for layer in LAYERS]
    made = [bucket_arn(archive, f"/{layer}/*") for layer in (COMPACTED, MODELLED)]
    return [
        allow(["s3:ListBucket"], bucket_arn(archive)),
        allow(["s3:GetObject"], *read),
        allow(["s3:PutObject"], *made),
    ]
