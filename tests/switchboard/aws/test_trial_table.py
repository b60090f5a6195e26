"""Trials and judgements over moto: counters of several processes, and decisions made once."""

import boto3
import pytest

from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.trial_table import TrialTable
from switchboard.configuration import Judged, Status
from switchboard.errors import Unavailable
from switchboard.trial import DELIVERIES, Ending, Outcomes, Tally, Verdict

pytestmark = pytest.mark.usefixtures("tables")

KEY = "crm#mappings/note@crm:2"
NAME = "mappings/note@crm"


def test_twenty_are_taken_and_no_more() -> None:
    tables = [TrialTable("state"), TrialTable("state")]
    taken = [tables[n % 2].take(KEY, 100.0 + n) for n in range(30)]
    assert taken == [True] * DELIVERIES + [False] * 10
    assert tables[0].read(KEY) == Tally(taken=20, taken_at=119.0)


def test_another_trial_has_its_own_count() -> None:
    table = TrialTable("state")
    table.take(KEY, 100.0)
    table.take("crm#mappings/note@crm:3", 100.0)
    assert table.read(KEY).taken == 1


def test_endings_are_counted_until_it_is_decided_once() -> None:
    table = TrialTable("state")
    table.take(KEY, 100.0)
    for ending in (Ending.DELIVERED, Ending.FAILED, Ending.FAILED, Ending.OTHER):
        tally = table.settle(KEY, ending)
    assert (tally.delivered, tally.failed, tally.other) == (1, 2, 1)
    assert table.conclude(KEY, Verdict.REFUSED) is Verdict.REFUSED
    assert table.conclude(KEY, Verdict.GOOD) is Verdict.REFUSED
    assert table.settle(KEY, Ending.DELIVERED) == table.read(KEY)
    assert (table.read(KEY).delivered, table.read(KEY).verdict) == (1, Verdict.REFUSED)
    assert not table.take(KEY, 101.0)


def test_outcomes_of_an_hour_add_up_and_expire() -> None:
    table = TrialTable("state")
    assert table.outcomes("crm", 497_222) == Outcomes()
    table.add("crm", 497_222, Outcomes(10, 1))
    table.add("crm", 497_222, Outcomes(5, 0))
    assert table.outcomes("crm", 497_222) == Outcomes(15, 1)
    (item,) = boto3.client("dynamodb").scan(TableName="state")["Items"]
    assert item["item"] == {"S": "outcomes#crm#497222"}
    assert int(item["expires_at"]["N"]) == 497_222 * 3600 + 48 * 3600


def test_a_table_that_is_missing_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="counting a trial"):
        TrialTable("nowhere").take(KEY, 100.0)


class TestJudgements:
    def test_what_is_kept_already_is_returned(self) -> None:
        table = ConfigurationTable("configuration")
        first = Judged(NAME, 2, Status.CANDIDATE, "text")
        assert table.record(first) is None
        assert table.record(Judged(NAME, 2, Status.GOOD, "other")) == first

    def test_a_candidate_is_decided_once(self) -> None:
        table = ConfigurationTable("configuration")
        table.record(Judged(NAME, 2, Status.CANDIDATE, "text"))
        assert table.decide(NAME, 2, Status.REFUSED, trial=KEY, reason="2 of 20 failed")
        assert not table.decide(NAME, 2, Status.GOOD, trial=KEY)
        assert table.version(NAME, 2) == Judged(
            NAME, 2, Status.REFUSED, "text", "2 of 20 failed", KEY
        )

    def test_what_is_good_stays_good(self) -> None:
        table = ConfigurationTable("configuration")
        table.record(Judged(NAME, 2, Status.GOOD, "text"))
        assert not table.decide(NAME, 2, Status.REFUSED, trial=KEY, reason="late")
        good = table.last_good(NAME)
        assert good is not None
        assert good.version == 2

    def test_a_version_that_nobody_recorded_is_not_decided(self) -> None:
        table = ConfigurationTable("configuration")
        assert not table.decide(NAME, 9, Status.GOOD)
        assert table.version(NAME, 9) is None
