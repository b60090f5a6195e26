"""What expressions are given at the desk: reference data of files or of the stage, and payloads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desk.reference_data.files import read_tables
from desk.target import Target, TargetError
from switchboard.aws.reference_table import ReferenceTable
from switchboard.envelope import Raw, RawRef
from switchboard.errors import EventError
from switchboard.gathering import Gathering
from switchboard.mapping import Asked
from switchboard.mapping.catalogue import Row
from switchboard.reference import Lookups, ReferenceStore


@dataclass(frozen=True, slots=True)
class AtHand:
    """See ReferenceStore: rows that are there already."""

    rows: Mapping[Asked, Row]

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        """See ReferenceStore."""
        return {key: self.rows[key] for key in keys if key in self.rows}


@dataclass(frozen=True, slots=True)
class OfStage:
    """See ReferenceStore: what was loaded into a stage, asked for only when it is looked up."""

    target: Target

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        """See ReferenceStore."""
        name = self.target.core().get("reference_table")
        if name is None:
            stage = self.target.stage
            raise TargetError(f"the stage {stage} has no reference table yet; deploy it again")
        table = ReferenceTable(str(name), dynamodb=self.target.client("dynamodb"))
        return table.read(keys)


def of_files(paths: Sequence[Path]) -> AtHand:
    """The rows of CSV files, each a table of its name; raises DocumentError."""
    return AtHand(
        {(table.name, key): row for table in read_tables(paths) for key, row in table.rows.items()}
    )


def no_payload(ref: RawRef) -> Raw:
    """Where payloads are not at hand."""
    raise EventError(f"reading a raw payload: {ref.key} is not at hand")


def gathering(store: ReferenceStore, read: Callable[[RawRef], Raw] = no_payload) -> Gathering:
    """What a desk's expressions are given; a row is read once."""
    return Gathering(Lookups(store, lambda: 1.0), read)
