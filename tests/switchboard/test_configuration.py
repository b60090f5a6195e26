import pytest
from pydantic import BaseModel, ConfigDict

from switchboard.configuration import LastGood, Parameter, Parameters, Status, parse_document
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.testing.stores import (
    Clock,
    MemoryConfiguration,
    MemoryParameters,
    RecordingTelemetry,
)


class Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    limit: int


NAME = "destinations/crm"
GOOD = Parameter('{"limit": 1}', 1)
BROKEN = Parameter('{"limit": 1, "limits": 2}', 2)


def compile_document(text: str) -> Document:
    return parse_document(Document, NAME, text)


class TestLastGood:
    def setup_method(self) -> None:
        self.store = MemoryConfiguration()
        self.telemetry = RecordingTelemetry()

    def sandbox(self) -> LastGood:
        return LastGood(self.store, self.telemetry)

    def test_a_good_document_serves_and_is_recorded(self) -> None:
        serving = self.sandbox().judge(NAME, GOOD, compile_document)
        assert (serving.document.limit, serving.version) == (1, 1)
        assert self.store.judged[NAME, 1].status is Status.GOOD

    def test_a_broken_version_leaves_the_last_good_serving(self) -> None:
        sandbox = self.sandbox()
        sandbox.judge(NAME, GOOD, compile_document)
        serving = sandbox.judge(NAME, BROKEN, compile_document)
        assert (serving.document.limit, serving.version) == (1, 1)
        assert self.store.judged[NAME, 2].status is Status.REFUSED

    def test_also_in_a_sandbox_that_has_just_started(self) -> None:
        self.sandbox().judge(NAME, GOOD, compile_document)
        serving = self.sandbox().judge(NAME, BROKEN, compile_document)
        assert (serving.document.limit, serving.version) == (1, 1)

    def test_the_alarm_names_document_and_field(self) -> None:
        sandbox = self.sandbox()
        sandbox.judge(NAME, GOOD, compile_document)
        sandbox.judge(NAME, BROKEN, compile_document)
        sandbox.judge(NAME, BROKEN, compile_document)
        assert self.telemetry.counts["document_refused", "crm"] == 1
        _, fields = self.telemetry.warnings[-1]
        assert fields["document"] == NAME
        assert "limits" in fields["why"]

    def test_one_that_was_never_good_is_a_configuration_error(self) -> None:
        with pytest.raises(ConfigurationError, match="destinations/crm: limits"):
            self.sandbox().judge(NAME, BROKEN, compile_document)

    def test_a_repaired_document_serves_again(self) -> None:
        sandbox = self.sandbox()
        sandbox.judge(NAME, GOOD, compile_document)
        sandbox.judge(NAME, BROKEN, compile_document)
        serving = sandbox.judge(NAME, Parameter('{"limit": 3}', 3), compile_document)
        assert (serving.document.limit, serving.version) == (3, 3)

    def test_a_table_that_is_away_does_not_take_down_a_good_document(self) -> None:
        self.store.failure = Unavailable("throttled")
        assert self.sandbox().judge(NAME, GOOD, compile_document).version == 1
        with pytest.raises(ConfigurationError, match="limits"):
            self.sandbox().judge(NAME, BROKEN, compile_document)


class TestParameters:
    def setup_method(self) -> None:
        self.clock = Clock()
        self.source = MemoryParameters(a="1", b="2")
        self.parameters = Parameters(self.source, self.clock)

    def test_a_document_is_read_once_in_thirty_seconds(self) -> None:
        for _ in range(10):
            assert self.parameters.get("a")["a"].text == "1"
            self.clock.forward(2)
        assert len(self.source.fetches) == 1

    def test_a_change_is_seen_within_the_time_and_its_jitter(self) -> None:
        self.parameters.get("a")
        self.source.set("a", "new")
        self.clock.forward(34)
        assert self.parameters.get("a")["a"].text == "new"

    def test_names_are_read_together_once_they_are_known(self) -> None:
        self.parameters.get("a")
        self.parameters.get("b")
        self.clock.forward(34)
        self.parameters.get("a")
        assert sorted(self.source.fetches[-1]) == ["a", "b"]

    def test_stale_is_served_while_ssm_throttles(self) -> None:
        self.parameters.get("a")
        self.source.failure = Unavailable("throttled")
        self.clock.forward(60)
        assert self.parameters.get("a")["a"].text == "1"

    def test_what_was_never_read_is_unavailable(self) -> None:
        self.source.failure = Unavailable("throttled")
        with pytest.raises(Unavailable):
            self.parameters.get("a")
        with pytest.raises(Unavailable):
            self.parameters.everything()

    def test_a_parameter_that_is_deleted_is_no_longer_served(self) -> None:
        self.parameters.get("a", "b")
        del self.source.parameters["b"]
        self.clock.forward(34)
        assert set(self.parameters.get("a", "b")) == {"a"}

    def test_everything_is_what_the_source_gives(self) -> None:
        assert set(self.parameters.everything()) == {"a", "b"}


def test_a_document_that_is_not_json_says_so() -> None:
    with pytest.raises(ConfigurationError, match="destinations/crm: document: Invalid JSON"):
        compile_document("{")
