"""A workspace for every test."""

from collections.abc import Iterator

import pytest

from desk.standins.slack import Workspace
from switchboard.testing.stand_in import StandIn
from tests.functions.to_slack.workspace import CHANNEL, HOOK, OTHER, TOKEN, Slack


@pytest.fixture
def slack() -> Iterator[Slack]:
    made = Slack(Workspace(TOKEN, [CHANNEL, OTHER], webhook=HOOK))
    with StandIn(made.answer) as stand_in:
        made.url = stand_in.url
        yield made
