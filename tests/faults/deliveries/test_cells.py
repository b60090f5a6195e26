"""Cells in small, and that each kind of problem is found: the whole matrix is `make faults`."""

from dataclasses import replace

import pytest

from switchboard.destination import Mode, Repeat
from switchboard.errors import ReasonClass
from switchboard.ledger import Entry, State
from tests.faults.deliveries.cell import LEAST, Cell, run
from tests.faults.deliveries.cells import CELLS
from tests.faults.deliveries.vendor import Stored
from tests.faults.deliveries.verdict import Evidence, judge

EXPECTED = [(f"e{number}", "g") for number in range(3)]


def cell(name: str) -> Cell:
    (found,) = [one for one in CELLS if one.name == name]
    return found


def rare(problem: str) -> bool:
    """In so few deliveries not every trouble comes."""
    return problem.startswith("no fault was injected")


@pytest.mark.parametrize(
    ("name", "deliveries"),
    [("webhook ordered at_least_once", 80), ("s3 batched", 200), ("s3 scheduled", 80)],
)
def test_a_cell_holds_in_small(name: str, deliveries: int) -> None:
    small = replace(cell(name), deliveries=deliveries, scale=3.0, window=1.0)
    result = run(small, 11)
    assert [one for one in result.verdict.problems if not rare(one)] == []
    assert result.verdict.deliveries == deliveries
    assert result.verdict.injected > 10


def test_a_cell_without_trouble_fails() -> None:
    calm = replace(cell("webhook ordered native"), deliveries=40, scale=0.0)
    problems = run(calm, 11).verdict.problems
    assert problems
    assert all(rare(one) for one in problems)


def test_the_matrix_has_every_kind_and_way_to_repeat() -> None:
    assert len({one.name for one in CELLS}) == len(CELLS)
    assert all(one.deliveries >= LEAST for one in CELLS)
    assert {one.repeat for one in CELLS} == set(Repeat)
    modes = {
        kind: {one.mode for one in CELLS if one.name.startswith(kind)}
        for kind in ("webhook", "s3", "slack")
    }
    # What is sent together anyway has no mode `batched`.
    assert modes == {"webhook": set(Mode), "s3": set(Mode), "slack": set(Mode) - {Mode.BATCHED}}


def entry(number: int, **changes: object) -> Entry:
    made = Entry(group="g", event_id=f"e{number}", destination="crm", state=State.DELIVERED)
    return replace(made, **changes)  # type: ignore[arg-type]


def evidence(**changes: object) -> Evidence:
    made = Evidence(
        expected=EXPECTED,
        stored=[Stored(f"e{number}", "g", number) for number in range(3)],
        entries=[entry(number) for number in range(3)],
        in_doubt=(),
        injected={"429": 1},
        repeat=Repeat.NATIVE,
        ordered=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_all_stored_once_and_in_order_is_no_problem() -> None:
    assert judge(evidence()).problems == ()


UNKNOWN = {"state": State.DEAD, "reason_class": ReasonClass.UNKNOWN}
STORED = [Stored(f"e{number}", "g", number) for number in range(3)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"stored": STORED[:2]}, "lost 1"),
        ({"stored": [*STORED, STORED[0]]}, "stored twice 1"),
        ({"stored": [STORED[1], STORED[0], STORED[2]]}, "overtakings 1"),
        ({"entries": [entry(0), entry(1)]}, "not ended in the ledger: 1"),
        ({"entries": [entry(0), entry(1), entry(2, state=State.DEAD)]}, "dead without a reason"),
        ({"injected": {"429": 0}}, "no fault was injected: 429"),
        ({"stored": [*STORED, Stored("x", "h", 0)]}, "never sent, and stored: 1"),
        (
            {"repeat": Repeat.AT_LEAST_ONCE, "stored": [*STORED, STORED[0]]},
            "stored twice 1",
        ),
        ({"repeat": Repeat.AT_LEAST_ONCE, "in_doubt": ["e1"]}, "owned up to what was not"),
        (
            {"repeat": Repeat.AT_MOST_ONCE, "entries": [entry(0), entry(1), entry(2, **UNKNOWN)]},
            "owned up to what was not",
        ),
    ],
)
def test_a_problem_is_found(changes: dict[str, object], problem: str) -> None:
    problems = judge(evidence(**changes)).problems
    assert any(one.startswith(problem) for one in problems), problems


def test_what_is_owned_up_to_and_was_injected_is_no_problem() -> None:
    twice = evidence(
        repeat=Repeat.AT_LEAST_ONCE,
        stored=[*STORED, STORED[0]],
        entries=[entry(0, possible_duplicates=1), entry(1), entry(2)],
        in_doubt=["e0"],
    )
    assert judge(twice).problems == ()
    given_up = evidence(
        repeat=Repeat.AT_MOST_ONCE,
        stored=STORED[1:],
        entries=[entry(0, **UNKNOWN), entry(1), entry(2)],
        in_doubt=["e0"],
    )
    assert judge(given_up).problems == ()
