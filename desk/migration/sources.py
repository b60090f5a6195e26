"""The two sources of a migration, as they are deployed and documented."""

from collections.abc import Sequence
from dataclasses import dataclass

from desk.migration.comparison import Span
from desk.target import Target, TargetError
from switchboard.configuration import parse_document
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.stream_document import StreamDocument


@dataclass(frozen=True, slots=True)
class SourcePair:
    """The names of both, and their documents."""

    old: str
    new: str
    old_document: SapiDocument
    new_document: StreamDocument

    def warnings(self, span: Span) -> Sequence[str]:
        """What is to be mended before the comparison says anything, or does harm."""
        old, new = self.old_document, self.new_document
        found = []
        if old.tenant != new.tenant:
            found.append(f"{self.old} reads the tenant {old.tenant}, {self.new} {new.tenant}")
        if _both_deliver(old, new, span):
            found.append(
                f"{self.old} and {self.new} are both delivered, so that each event arrives twice:"
                f" set deliver to false in the document of {self.new}"
            )
        return found


def pair_of(target: Target, old: str, new: str) -> SourcePair:
    """The pair.

    Raises:
        TargetError: one is not deployed, is of another kind, or has no document.
        ConfigurationError: a document cannot be read.
    """
    kinds = target.kinds()
    texts = target.parameters("sources/")
    for name, kind in ((old, "sapi"), (new, "stream")):
        found = kinds.get(f"sources/{name}")
        if found != kind:
            what = "is not deployed" if found is None else f"is of kind {found}"
            raise TargetError(
                f"the source {name} {what} in stage {target.stage}; its kind must be {kind}"
            )
        if f"sources/{name}" not in texts:
            raise TargetError(f"there is no document sources/{name}; write it, `switchboard apply`")
    return SourcePair(
        old,
        new,
        parse_document(SapiDocument, f"sources/{old}", texts[f"sources/{old}"]),
        parse_document(StreamDocument, f"sources/{new}", texts[f"sources/{new}"]),
    )


def _both_deliver(old: SapiDocument, new: StreamDocument, span: Span) -> bool:
    """Whether some moment from the span's begin on is delivered by both."""
    if not (old.deliver and new.deliver):
        return False
    begins = [span.begin, *(one for one in (old.deliver_from, new.deliver_from) if one)]
    ends = [one for one in (old.deliver_until, new.deliver_until) if one]
    return not ends or max(begins) < min(ends)
