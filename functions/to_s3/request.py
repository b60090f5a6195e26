"""A delivery as an object: its key from its content, written only where nothing is."""

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from functions.to_s3.settings import S3DeployTime, S3Document
from switchboard.destination import Delivery, Receipt
from switchboard.event import utc_text
from switchboard.objects import ObjectStore

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")

Secrets = Callable[[], Sequence[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What is written. Equal deliveries make equal bytes."""

    key: str
    body: bytes
    content_type: str


def stored_object(delivery: Delivery, document: S3Document, prefix: str) -> StoredObject:
    """The object of a delivery, partitioned by source, type and the hour of the event (UTC)."""
    event = delivery.event
    suffix = "json.gz" if document.compression == "gzip" else "json"
    text = json.dumps(
        {
            "id": event.id,
            "source": event.source,
            "type": event.type,
            "time": utc_text(event.time),
            "group": delivery.group,
            "data": delivery.output,
        },
        separators=(",", ":"),
    )
    body = (text + "\n").encode("ascii")
    return StoredObject(
        key=f"{prefix}source={_part(event.source)}/type={_part(event.type)}/"
        f"dt={event.time:%Y-%m-%d}/hour={event.time:%H}/{delivery.key}.{suffix}",
        body=gzip.compress(body, mtime=0) if document.compression == "gzip" else body,
        content_type="application/gzip" if document.compression == "gzip" else "application/json",
    )


def _part(value: str) -> str:
    """A partition's value that cannot leave its place in the key."""
    return _UNSAFE.sub("_", value)[:128].strip(".") or "_"


class S3Destination:
    """One configured bucket."""

    def __init__(
        self, document: S3Document, deploy_time: S3DeployTime, objects: ObjectStore
    ) -> None:
        self._document = document
        self._deploy_time = deploy_time
        self._objects = objects

    @classmethod
    def over(
        cls, objects: ObjectStore
    ) -> Callable[[S3Document, Secrets, S3DeployTime], "S3Destination"]:
        """What makes destinations that write to `objects`; S3 has no secret of ours."""
        return lambda document, _, deploy_time: cls(document, deploy_time, objects)

    def reference(self, delivery: Delivery) -> str:  # noqa: ARG002
        """Nothing to record: the key follows from the delivery."""
        return ""

    def check(self, delivery: Delivery) -> bytes:
        """The object."""
        return stored_object(delivery, self._document, self._deploy_time.prefix).body

    def send(self, delivery: Delivery) -> Receipt:
        """Write it, unless it is there: then an earlier attempt was stored."""
        stored = stored_object(delivery, self._document, self._deploy_time.prefix)
        self._objects.put_if_absent(
            self._deploy_time.bucket, stored.key, stored.body, stored.content_type
        )
        return Receipt(remote_id=f"s3://{self._deploy_time.bucket}/{stored.key}")

    def find(self, delivery: Delivery) -> Receipt | None:  # noqa: ARG002
        """Never asked: the key makes repeating safe."""
        return None
