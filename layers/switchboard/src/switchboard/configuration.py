"""Run-time documents: read from parameters, judged once per version, last good served.

Whoever first reads a new version of a document judges it. A valid one is recorded as good, with
its text; a broken one as refused, and the last good one serves instead, also in a sandbox that
has just started. Only where nothing good was ever stored is it a ConfigurationError.
"""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from switchboard.errors import ConfigurationError, Unavailable
from switchboard.event import OWN_SOURCE
from switchboard.telemetry import Telemetry

READ_EVERY_SECONDS = 30.0

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A document as it stands in SSM: its text and SSM's version of it."""

    text: str
    version: int


class Status(StrEnum):
    """What was found of one version of a document; a candidate is valid, and on trial."""

    CANDIDATE = "candidate"
    GOOD = "good"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Judged:
    """A version of a document in the configuration table. `trial` is the one that decided it."""

    name: str
    version: int
    status: Status
    text: str
    reason: str = ""
    trial: str = ""


class ParameterSource(Protocol):
    """Where documents come from."""

    def fetch(self, names: Collection[str]) -> Mapping[str, Parameter]:
        """Those of `names` ("destinations/crm") that exist.

        Raises:
            Unavailable: SSM throttles or cannot be reached.
        """
        ...


class ConfigurationStore(Protocol):
    """The configuration table."""

    def record(self, judged: Judged) -> Judged | None:
        """Keep a judgement; one that is kept already stays, and is returned. Raises Unavailable."""
        ...

    def decide(
        self, name: str, version: int, status: Status, *, trial: str = "", reason: str = ""
    ) -> bool:
        """Change what was found of a version that is not good, and that no trial decided.

        Returns:
            Whether it was changed.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def last_good(self, name: str) -> Judged | None:
        """The newest version that was found good. Raises Unavailable."""
        ...

    def version(self, name: str, version: int) -> Judged | None:
        """One version, whatever was found of it. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Configured(Generic[T_co]):
    """A document that serves, and its version."""

    document: T_co
    version: int


class NotConfigured(ConfigurationError):
    """There is no such document: deployed, but not configured."""


def parse_document(model: type[ModelT], name: str, text: str) -> ModelT:
    """`text` as a document.

    Raises:
        ConfigurationError: naming the document, its field and what is wrong with it.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise ConfigurationError(f"reading {name}: {where}: {first['msg']}") from None


class LastGood:
    """Judges documents and remembers what serves, per sandbox.

    `compile` functions turn a document's text into what serves and raise ConfigurationError. They
    are judged under the name they are asked for; a reader that looks at only a part of a document
    (the router at `when`) uses another name for its judgement. What is refused is counted for the
    source or destination in the name, or for `destination`, whose mappings these are.
    """

    def __init__(
        self, store: ConfigurationStore, telemetry: Telemetry, *, destination: str | None = None
    ) -> None:
        self._store = store
        self._telemetry = telemetry
        self._destination = destination
        self._serving: dict[str, tuple[int, Configured[object]]] = {}
        self._kept: dict[tuple[str, int], object] = {}

    def judge(
        self, name: str, parameter: Parameter, compile_text: Callable[[str], T]
    ) -> Configured[T]:
        """What serves for `name` now that `parameter` is its newest version.

        Raises:
            ConfigurationError: it is broken and no version of it was ever good.
        """
        known = self._serving.get(name)
        if known is not None and known[0] == parameter.version:
            return known[1]  # type: ignore[return-value]  # one name is always one type
        try:
            serving = Configured(compile_text(parameter.text), parameter.version)
        except ConfigurationError as error:
            serving = self._fall_back(name, parameter, compile_text, error)
        else:
            self._record(Judged(name, parameter.version, Status.GOOD, parameter.text))
        self._serving[name] = (parameter.version, serving)
        return serving

    def kept(self, name: str, version: int, compile_text: Callable[[str], T]) -> T | None:
        """What `version` of `name` was; None where it is not kept or is broken.

        Raises:
            Unavailable: the store cannot be reached.
        """
        if (name, version) not in self._kept:
            judged = self._store.version(name, version)
            try:
                compiled = None if judged is None else compile_text(judged.text)
            except ConfigurationError:
                compiled = None
            self._kept[name, version] = compiled
        return self._kept[name, version]  # type: ignore[return-value]  # one name is one type

    def _fall_back(
        self,
        name: str,
        parameter: Parameter,
        compile_text: Callable[[str], T],
        error: ConfigurationError,
    ) -> Configured[T]:
        self._record(Judged(name, parameter.version, Status.REFUSED, parameter.text, str(error)))
        self._alarm(name, parameter.version, str(error))
        known = self._serving.get(name)
        if known is not None:
            return known[1]  # type: ignore[return-value]  # one name is always one type
        try:
            good = self._store.last_good(name)
        except Unavailable:
            raise error from None
        if good is None:
            raise error
        return Configured(compile_text(good.text), good.version)

    def _record(self, judged: Judged) -> None:
        try:
            self._store.record(judged)
        except Unavailable as error:
            self._telemetry.warn(
                "recording a judgement failed", document=judged.name, why=str(error)
            )

    def _alarm(self, name: str, version: int, why: str) -> None:
        folder, _, rest = name.partition("/")
        if folder == "timers":
            self._telemetry.count("document_refused", source=OWN_SOURCE, document=name)
        elif folder == "sources":
            self._telemetry.count("document_refused", source=rest, document=name)
        else:
            destination = self._destination or rest
            self._telemetry.count("document_refused", destination=destination, document=name)
        self._telemetry.warn(
            "a document was refused; the last good version serves",
            document=name,
            version=version,
            why=why,
        )


class Parameters:
    """A cache over a ParameterSource: each document is read once in 30 s (with jitter).

    Stale is served while SSM throttles or is away; only what was never read is then Unavailable.
    """

    def __init__(self, source: ParameterSource, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._known: dict[str, Parameter] = {}
        self._asked: set[str] = set()
        self._was_read = False
        self._due = 0.0

    def get(self, *names: str) -> Mapping[str, Parameter]:
        """Those of `names` that exist, all read together.

        Raises:
            Unavailable: SSM cannot be reached and a name was never asked for before.
        """
        new = set(names) - self._asked
        now = self._clock()
        if new or now >= self._due:
            self._refresh(frozenset(self._asked | new), new, now)
        return {name: self._known[name] for name in names if name in self._known}

    def everything(self) -> Mapping[str, Parameter]:
        """All that the source gives, for a source that is not asked by name."""
        self.get()
        return self._known

    def _refresh(self, names: Collection[str], new: Collection[str], now: float) -> None:
        try:
            self._known = dict(self._source.fetch(names))
        except Unavailable:
            if new or not self._was_read:
                raise
        else:
            self._asked = set(names)
            self._was_read = True
        self._due = now + READ_EVERY_SECONDS * (0.9 + 0.2 * random.random())  # noqa: S311
