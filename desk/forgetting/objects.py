"""The archive bucket, every version of every object: lines are blanked in place, claims deleted."""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from desk.forgetting.theirs import Theirs, blanked, id_of
from desk.records.tables import batches

AT_ONCE = 8
LINES = ".jsonl.gz"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object, and whether it is the one that readers get."""

    key: str
    id: str
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """What a version holds that is theirs: `ids` of lines (none: the whole object)."""

    version: Version
    ids: tuple[str, ...]


class ArchiveObjects:
    """The objects of one bucket. `looked` is told of each version that was read."""

    def __init__(self, s3: Any, bucket: str, looked: Callable[[], None]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._looked = looked

    def find(self, theirs: Theirs) -> list[Hit]:
        """Every version that holds something of theirs, as far as it is known what is."""
        return self._each(lambda version: self._hit(version, theirs))

    def forget(self, theirs: Theirs) -> list[Hit]:
        """The same, and it is gone."""
        return self._each(lambda version: self._forget(version, theirs))

    def _each(self, look: Callable[[Version], Hit | None]) -> list[Hit]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [
                hit
                for some in batches(self._versions(), AT_ONCE * 8)
                for hit in pool.map(look, some)
                if hit is not None
            ]

    def _versions(self) -> Iterator[Version]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket)
        for page in pages:
            for found in page.get("Versions", []):
                yield Version(found["Key"], found["VersionId"], found["IsLatest"])

    def _hit(self, version: Version, theirs: Theirs) -> Hit | None:
        body = self._read(version)
        if body is None:
            return None
        if not version.key.endswith(LINES):
            text = body.decode("utf-8", "replace")
            gone = theirs.has_claim(version.key, text)
            return Hit(version, ()) if gone else None
        ids = tuple(id_of(line) for line in _lines(body) if theirs.has_line(line))
        return Hit(version, ids) if ids else None

    def _forget(self, version: Version, theirs: Theirs) -> Hit | None:
        hit = self._hit(version, theirs)
        if hit is None:
            return None
        if hit.ids and version.is_latest:
            # The new version is there before the old one goes: other lines are never missing.
            self._rewrite(version, theirs)
        self._s3.delete_object(Bucket=self._bucket, Key=version.key, VersionId=version.id)
        return hit

    def _rewrite(self, version: Version, theirs: Theirs) -> None:
        body = self._read(version) or b""
        kept = [blanked(line) if theirs.has_line(line) else line for line in _lines(body)]
        self._s3.put_object(
            Bucket=self._bucket,
            Key=version.key,
            Body=gzip.compress("".join(f"{line}\n" for line in kept).encode(), mtime=0),
            ContentType="application/x-ndjson",
            ContentEncoding="gzip",
        )

    def _read(self, version: Version) -> bytes | None:
        """None: it expired meanwhile."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=version.key, VersionId=version.id)
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchVersion"):
                raise
            return None
        self._looked()
        body: bytes = answer["Body"].read()
        return body


def _lines(body: bytes) -> list[str]:
    """Lines end with a line feed alone: other separators may stand in a text."""
    text = gzip.decompress(body).decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").split("\n")
