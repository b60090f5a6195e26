import pytest

from desk.drill.plan import drill_plan


@pytest.mark.parametrize("seconds", [40, 60, 300])
def test_one_is_down_while_the_other_is_flooded_and_all_of_it_ends_before_the_stream(
    seconds: int,
) -> None:
    plan = drill_plan(seconds, seed=8)
    began, well = plan.down
    assert began < plan.slow[0] < plan.slow[1] < well < seconds
    assert plan.pause / plan.at_once * plan.events == seconds


def test_half_a_minute_of_503_is_the_longest_outage() -> None:
    assert drill_plan(600, seed=8).outage == drill_plan(60, seed=8).outage == 30


def test_whatever_is_lost_is_due() -> None:
    plan = drill_plan(60, seed=8)
    for loss in plan.losses:
        assert loss.what in plan.due[loss.where]
