"""After an outage: how soon everything is there, whether once and in order; by a moved clock.

Every figure is the simulated clock's or a count, so that none depends on the machine.
"""

from collections import defaultdict
from collections.abc import Callable

import pytest

from switchboard.breaker import Breaker
from switchboard.destination import Delivery, Repeat
from switchboard.errors import OutcomeUnknown, RateLimited, Unavailable
from switchboard.ledger import State
from tests.switchboard.outage_scene import Scene

BEGAN = 5.0
Figure = Callable[[str], None]


def outage(scene: Scene, error: Exception, *, seconds: float) -> float:
    """Send 20 events a second while the vendor fails; when it is well again."""
    ended = BEGAN + seconds
    scene.vendor.answer = lambda _, now: error if BEGAN <= now < ended else None
    while scene.now < ended:
        scene.send(10, groups=40)
        scene.run(scene.now + 0.5)
    return ended


def figures(scene: Scene, ended: float) -> str:
    """What a person compares."""
    drained = max(at for at, _, _ in scene.vendor.stored)
    first = min(at for at, _, _ in scene.vendor.stored if at >= ended)
    return (
        f"{scene.sent} events: {scene.lost} lost, {scene.twice} twice, {scene.overtakings}"
        f" overtakings; first good answer {first - ended:.2f} s after recovery, drained"
        f" {drained - ended:.2f} s after it ({drained - first:.2f} s after that answer)"
    )


def test_thirty_seconds_of_503_are_over_ten_seconds_later(figure: Figure) -> None:
    scene = Scene()
    ended = outage(scene, Unavailable("503"), seconds=30)
    waiting = scene.waiting
    scene.run(ended + 10)
    figure("30 s of 503: " + figures(scene, ended))
    assert waiting > 500
    assert scene.waiting == 0
    scene.assert_all_once_and_in_order()
    during = [now for now, _ in scene.vendor.calls if BEGAN <= now < ended]
    # Before each sandbox has read that it is open; then a probe each time.
    assert len([now for now in during if now > BEGAN + 5]) <= 6
    assert scene.bench.states.states["crm"].breaker is Breaker.CLOSED
    assert scene.bench.states.writes <= 2 * 8


def test_what_arrives_while_it_is_switched_off_is_not_lost(figure: Figure) -> None:
    """Nobody listens for ten minutes: each connection is refused."""
    scene = Scene()
    ended = outage(scene, Unavailable("the connection was refused"), seconds=600)
    waiting = scene.waiting
    scene.drain()
    figure(f"10 min switched off, {waiting} waiting: " + figures(scene, ended))
    assert waiting > 10_000
    scene.assert_all_once_and_in_order()
    assert scene.most_receives < 100, "far below the back-stop"


def test_a_retry_after_is_kept_by_every_sandbox(figure: Figure) -> None:
    scene = Scene()
    scene.send(200, groups=200)
    limited: list[float] = []

    def answer(_: Delivery, now: float) -> Exception | None:
        if now < 2:
            limited.append(now)
            return RateLimited("429", retry_after=20)
        return None

    scene.vendor.answer = answer
    scene.run(60)
    scene.assert_all_once_and_in_order()
    again = [now for now, _ in scene.vendor.calls if now > max(limited)]
    tries = defaultdict(list)
    for now, key in scene.vendor.calls:
        tries[key].append(now)
    waits = [times[1] - times[0] for times in tries.values() if len(times) > 1]
    figure(f"Retry-After: 20: next tries after {min(waits):.2f} to {max(waits):.2f} s")
    assert limited
    assert limited[0] + 20 <= min(again) <= limited[0] + 22
    assert all(20 <= wait <= 22 for wait in waits)


@pytest.mark.parametrize("repeat", [Repeat.NATIVE, Repeat.READ_BACK])
def test_an_answer_lost_after_the_commit_stores_nothing_twice(
    repeat: Repeat, figure: Figure
) -> None:
    """Of each of 1,000 deliveries the first answer is lost."""
    scene = Scene(repeat=repeat)
    told: set[str] = set()

    def lost(delivery: Delivery, _: float) -> Exception | None:
        if delivery.key in told:
            return None
        told.add(delivery.key)
        return OutcomeUnknown("the answer was lost")

    scene.vendor.lost = lost
    scene.send(1000, groups=100)
    scene.drain()
    figure(
        f"1,000 answers lost after the commit, {repeat}: {scene.lost} lost, {scene.twice} stored"
        f" twice, {scene.overtakings} overtakings, {len(scene.bench.dead_letters.taken)} dead"
    )
    assert len(told) == 1000
    scene.assert_all_once_and_in_order()
    ends = {entry.state for entry in scene.bench.ledger.entries.values()}
    assert ends == {State.DELIVERED}
