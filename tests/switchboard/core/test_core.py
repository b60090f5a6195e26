"""Any interleaving of attempts, crashes, replays, pauses and changes keeps the promises."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from switchboard.destination import Repeat
from tests.switchboard.core import mutations
from tests.switchboard.core.machine import CoreMachine
from tests.switchboard.core.rig import Rig

THOROUGH = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SEARCH = settings(
    max_examples=2_000,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("holding", [False, True], ids=["continue", "hold"])
@pytest.mark.parametrize("what_follows", list(Repeat))
def test_no_interleaving_breaks_a_promise(what_follows: Repeat, holding: bool) -> None:
    class Machine(CoreMachine):
        repeat = what_follows
        holds = holding

    run_state_machine_as_test(Machine, settings=THOROUGH)


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_promise_is_found(mutation: type[Rig]) -> None:
    follows, holding = mutations.MUTATIONS[mutation]

    class Broken(CoreMachine):
        repeat = follows
        holds = holding
        make_rig = mutation

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Broken, settings=SEARCH)
