"""Metrics and logs: one EMF line per source or destination, and one log line, an invocation.

Each combination of dimensions is a custom metric with a price, so the dimensions are `stage` and
one of `source` and `destination`; type, lane and reason travel as properties.
"""

from collections import Counter, defaultdict
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Switchboard"


class Telemetry(Protocol):
    """Where counts go."""

    def count(
        self,
        name: str,
        value: float = 1,
        *,
        source: str | None = None,
        destination: str | None = None,
        **properties: str,
    ) -> None:
        """Add `value` to the metric `name` of one source or one destination."""
        ...

    def observe(self, name: str, value: float, *, source: str) -> None:
        """A value of the metric `name` of one source, of which the highest counts."""
        ...

    def warn(self, message: str, **fields: Any) -> None:
        """A structured warning at once: for what an operator must read whole."""
        ...


class InvocationTelemetry:
    """Collects during one invocation, or one `period` of a task; `flush` writes it out."""

    def __init__(self, stage: str, logger: Logger, period: str = "invocation") -> None:
        self._stage = stage
        self._logger = logger
        self._period = period
        self._counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._properties: defaultdict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)

    def count(
        self,
        name: str,
        value: float = 1,
        *,
        source: str | None = None,
        destination: str | None = None,
        **properties: str,
    ) -> None:
        """See Telemetry."""
        key = ("source", source) if source is not None else ("destination", destination or "none")
        self._counts[key][name] += value  # type: ignore[assignment]  # Counter adds floats as well
        for property_name, text in properties.items():
            self._properties[key].setdefault(property_name, set()).add(text)

    def observe(self, name: str, value: float, *, source: str) -> None:
        """See Telemetry. A Counter's highest value, so that one EMF line holds all of a source."""
        counts = self._counts["source", source]
        counts[name] = max(counts[name], value)  # type: ignore[assignment]  # floats as well

    def warn(self, message: str, **fields: Any) -> None:
        """See Telemetry."""
        self._logger.warning(message, extra=fields)

    def flush(self, **summary: Any) -> None:
        """Write the metrics and the invocation's one log line; start again from nothing."""
        for (dimension, value), counts in self._counts.items():
            metrics = EphemeralMetrics(namespace=NAMESPACE)
            metrics.add_dimension(name="stage", value=self._stage)
            metrics.add_dimension(name=dimension, value=value)
            for name, count in counts.items():
                metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
            for name, texts in self._properties[dimension, value].items():
                metrics.add_metadata(key=name, value=sorted(texts)[:10])
            metrics.flush_metrics()
        totals = {
            f"{value}.{name}": count
            for (_, value), counts in self._counts.items()
            for name, count in counts.items()
        }
        self._logger.info(self._period, extra={"counts": totals, **summary})
        self._counts.clear()
        self._properties.clear()
