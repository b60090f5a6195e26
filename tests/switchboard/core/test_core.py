"""Any interleaving of attempts, crashes, replays, pauses and changes keeps the promises."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from switchboard.destination import Repeat
from tests.switchboard.core import mutations
from tests.switchboard.core.machine import CoreMachine
from tests.switchboard.core.mutations import HOLDING, PLAIN, RECORD
from tests.switchboard.core.rig import Rig

THOROUGH = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SEARCH = settings(
    max_examples=4_000,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("asked", [PLAIN, HOLDING, RECORD], ids=["plain", "holding", "record"])
@pytest.mark.parametrize("what_follows", list(Repeat))
def test_no_interleaving_breaks_a_promise(what_follows: Repeat, asked: frozenset[str]) -> None:
    class Machine(CoreMachine):
        repeat = what_follows
        holds = "holds" in asked
        record = "record" in asked

    run_state_machine_as_test(Machine, settings=THOROUGH)


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_broken_promise_is_found(mutation: type[Rig]) -> None:
    follows, asked = mutations.MUTATIONS[mutation]

    class Broken(CoreMachine):
        repeat = follows
        holds = "holds" in asked
        record = "record" in asked
        make_rig = mutation

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Broken, settings=SEARCH)
