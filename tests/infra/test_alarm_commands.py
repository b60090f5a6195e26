"""Every command that an alarm names can be run as it is written, in the stage it is about."""

from collections.abc import Iterator

import pytest

from infra.commands import on_stage
from tests.command_lines import WRITTEN, refused
from tests.infra.conftest import Synthesized, synthesize


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("commands") / "dev", "dev")


def descriptions(stage: Synthesized) -> Iterator[tuple[str, str]]:
    for _, _, alarm in stage.resources("AWS::CloudWatch::Alarm"):
        yield alarm["AlarmName"], alarm["AlarmDescription"]


@pytest.mark.parametrize("name", ["laptop", "dev"])
def test_alarms_name_commands_that_exist_with_their_stage(
    name: str, request: pytest.FixtureRequest
) -> None:
    told = dict(descriptions(request.getfixturevalue(name)))
    commands = {command for text in told.values() for command in WRITTEN.findall(text)}
    assert [why for command in sorted(commands) if (why := refused(command))] == []
    without = [one for one in commands if not one.endswith(f" --stage {name}")]
    assert [one for one in without if not one.startswith("verify ")] == []
    found = {" ".join(command.split()[:2]) for command in commands}
    assert {"dead list", "dead held", "secrets set", "replay status", "destinations test"} <= found


@pytest.mark.parametrize("name", ["laptop", "dev"])
def test_cloudwatch_takes_every_description(name: str, request: pytest.FixtureRequest) -> None:
    told = list(descriptions(request.getfixturevalue(name)))
    assert told
    assert [alarm for alarm, text in told if not 0 < len(text) <= 1024] == []


@pytest.mark.parametrize(
    "command",
    ["ded list crm", "dead list", "dead list crm --stge dev"],
)
def test_a_command_that_is_none_is_seen(command: str) -> None:
    assert refused(command)


def test_each_command_of_a_text_gets_its_stage() -> None:
    text = "Run `switchboard apply`, or `switchboard verify a --source b`; see `aws logs tail x`."
    assert on_stage(text, "dev") == (
        "Run `switchboard apply --stage dev`, or `switchboard verify a --source b`;"
        " see `aws logs tail x`."
    )
