import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.errors import ReasonClass
from switchboard.trial import (
    DELIVERIES,
    PATIENCE_SECONDS,
    Change,
    Ending,
    OnTrial,
    Outcomes,
    Tally,
    Verdict,
    allowed_ratio,
    ending_of,
    verdict_on,
)

NOW = 1_790_000_000.0


def full(delivered: int, failed: int, other: int = 0, *, age: float = 0.0) -> Tally:
    return Tally(DELIVERIES, delivered, failed, other, NOW - age)


@pytest.mark.parametrize(
    ("tally", "allowed", "verdict"),
    [
        (full(20, 0), 0.0, Verdict.GOOD),
        (full(19, 1), 0.0, Verdict.REFUSED),
        (full(16, 4), 0.2, Verdict.GOOD),
        (full(15, 5), 0.2, Verdict.REFUSED),
        (full(19, 0), 0.2, None),
        (Tally(taken=5, failed=5, taken_at=NOW), 0.2, Verdict.REFUSED),
        (Tally(taken=4, failed=4, taken_at=NOW), 0.2, None),
        (full(0, 0, 20), 0.2, Verdict.REFUSED),
        (full(1, 0, 19), 0.2, Verdict.GOOD),
        (full(0, 20), 1.0, Verdict.REFUSED),
        (full(10, 0, age=PATIENCE_SECONDS + 1), 0.2, Verdict.GOOD),
        (full(10, 0, age=PATIENCE_SECONDS), 0.2, None),
        (full(9, 0, age=PATIENCE_SECONDS + 1), 0.2, None),
        (Tally(taken=19, delivered=19, taken_at=NOW - 9 * PATIENCE_SECONDS), 0.2, None),
        (Tally(verdict=Verdict.REFUSED), 0.2, Verdict.REFUSED),
    ],
)
def test_verdicts(tally: Tally, allowed: float, verdict: Verdict | None) -> None:
    assert verdict_on(tally, allowed, NOW) is verdict


@given(failed=st.integers(0, DELIVERIES), allowed=st.floats(0.0, 1.0))
def test_an_early_refusal_is_what_waiting_would_have_come_to(failed: int, allowed: float) -> None:
    early = verdict_on(Tally(taken=failed, failed=failed, taken_at=NOW), allowed, NOW)
    if early is not None and failed < DELIVERIES:
        assert verdict_on(full(DELIVERIES - failed, failed), allowed, NOW) is early


def test_only_what_the_versions_may_be_blamed_for_counts() -> None:
    failed = {reason for reason in ReasonClass if ending_of(reason) is Ending.FAILED}
    assert failed == {ReasonClass.EVENT, ReasonClass.REJECTED}


def test_the_share_of_failures_of_the_last_hours() -> None:
    assert allowed_ratio([]) == allowed_ratio([Outcomes()]) == 0.2
    assert allowed_ratio([Outcomes(90, 0), Outcomes(0, 10)]) == 0.1


def test_the_difference_names_both_versions() -> None:
    change = Change("mappings/note@crm", 4, '{"a":1}', 2, '{"a":0}')
    lines = OnTrial("crm", (change,), (1, 4)).difference()
    assert lines[:2] == ["--- mappings/note@crm version 2", "+++ mappings/note@crm version 4"]
    assert '-  "a": 0' in lines
    assert '+  "a": 1' in lines
