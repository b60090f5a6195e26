"""A delivery, or a parcel of them, as an object: its key from its content, written only once."""

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from functions.to_s3.settings import S3DeployTime, S3Document
from switchboard.destination import Delivery, Receipt
from switchboard.event import digest, utc_text
from switchboard.objects import ObjectStore
from switchboard.version import Version

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
    body = _line(delivery)
    return StoredObject(
        key=f"{prefix}source={_part(event.source)}/type={_part(event.type)}/"
        f"dt={event.time:%Y-%m-%d}/hour={event.time:%H}/{delivery.key}.{suffix}",
        body=gzip.compress(body, mtime=0) if document.compression == "gzip" else body,
        content_type="application/gzip" if document.compression == "gzip" else "application/json",
    )


def parcel_key(deliveries: Sequence[Delivery], prefix: str) -> str:
    """The key of a parcel's object: by the hour of its events, and by what is in it."""
    held = digest(*sorted(delivery.key for delivery in deliveries))
    return f"{prefix}{hour_of(deliveries[0])}/parcel_{held}.jsonl.gz"


def hour_of(delivery: Delivery) -> str:
    """The partition that a parcel shares: the hour of the event (UTC)."""
    return f"dt={delivery.event.time:%Y-%m-%d}/hour={delivery.event.time:%H}"


def parcel_object(deliveries: Sequence[Delivery], prefix: str) -> StoredObject:
    """The object of a parcel: one line a delivery, in the order of their versions."""
    in_order = sorted(deliveries, key=lambda delivery: Version.of(delivery.event))
    return StoredObject(
        key=parcel_key(deliveries, prefix),
        body=gzip.compress(b"".join(_line(delivery) for delivery in in_order), mtime=0),
        content_type="application/gzip",
    )


def _line(delivery: Delivery) -> bytes:
    event = delivery.event
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
    return (text + "\n").encode("ascii")


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
        return self._put(stored_object(delivery, self._document, self._deploy_time.prefix))

    def address(self, delivery: Delivery) -> str:
        """See ParcelDestination: an object holds events of one hour."""
        return hour_of(delivery)

    def parcel_reference(self, deliveries: Sequence[Delivery]) -> str:
        """See ParcelDestination: the object's key."""
        return parcel_key(deliveries, self._deploy_time.prefix)

    def send_parcel(self, deliveries: Sequence[Delivery]) -> Receipt:
        """Write the parcel as one object, unless the very same is there."""
        return self._put(parcel_object(deliveries, self._deploy_time.prefix))

    def find(self, delivery: Delivery) -> Receipt | None:
        """Whether the parcel that the delivery was in is there, or else the delivery itself."""
        key = delivery.reference
        if not key:
            key = stored_object(delivery, self._document, self._deploy_time.prefix).key
        found = self._objects.is_there(self._deploy_time.bucket, key)
        return self._receipt(key) if found else None

    def _put(self, stored: StoredObject) -> Receipt:
        self._objects.put_if_absent(
            self._deploy_time.bucket, stored.key, stored.body, stored.content_type
        )
        return self._receipt(stored.key)

    def _receipt(self, key: str) -> Receipt:
        return Receipt(remote_id=f"s3://{self._deploy_time.bucket}/{key}")
