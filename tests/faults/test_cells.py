"""Two cells, small: the whole matrix is `make faults`."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.__main__ import CELLS, last_line, line
from tests.faults.cell import LEAST, Cell, run
from tests.faults.of_catching_up import halves
from tests.faults.scene import Payloads, Scene


def cell(name: str) -> Cell:
    (found,) = [one for one in CELLS if one.name == name]
    return found


@pytest.mark.parametrize("name", ["out-of-order", "sqs-cut"])
def test_a_cell_holds(name: str, tmp_path: Path) -> None:
    small = replace(cell(name), events=LEAST)
    result = run(small, 5, tmp_path)
    assert result.verdict.problems == ()
    assert result.verdict.events >= LEAST
    assert result.verdict.injected > 0
    assert ": ok" in line(result)
    assert last_line([result]) == f"FAULTS: 1 cells, {result.verdict.events:,} events, 0 lost"


def test_a_cell_that_injected_nothing_fails(tmp_path: Path) -> None:
    def nothing(scene: Scene, payloads: Payloads) -> None:
        scene.publish(payloads)
        scene.task()

    idle = Cell("idle", "nothing happens", ("drop",), 50, 1, nothing)
    result = run(idle, 5, tmp_path)
    assert result.verdict.problems == ("no fault was injected: drop",)
    assert "no fault was injected" in line(result)


def test_a_cell_whose_reader_is_gone_fails(tmp_path: Path) -> None:
    def killed(scene: Scene, payloads: Payloads) -> None:
        scene.publish(payloads[:50])
        task = scene.task()
        scene.until_arrived(50)
        scene.kill(task)
        scene.publish(payloads[50:])

    gone = Cell("gone", "nobody reads on", ("kill",), 100, 1, killed)
    result = run(gone, 5, tmp_path)
    assert result.verdict.lost > 0
    assert "exit codes" in result.verdict.problems[0]
    assert f"lost {result.verdict.lost}" in result.verdict.problems


def test_the_matrix_is_large_enough() -> None:
    assert len({one.name for one in CELLS}) == len(CELLS)
    assert all(one.events >= LEAST for one in CELLS)
    assert sum(one.events for one in CELLS) >= 100_000


def test_halves_keep_the_order_and_leave_nothing_out() -> None:
    payloads = [
        {"Interaction": {"interactionGUID": f"int-{n % 3}", "number": n}} for n in range(20)
    ]
    old, young = halves(payloads)
    numbers = [each["Interaction"]["number"] for each in (*old, *young)]
    assert sorted(numbers) == list(range(20))
    for name in range(3):
        assert (line := [n for n in numbers if n % 3 == name]) == sorted(line)
    assert {len(old), len(young)} <= {9, 10, 11}
