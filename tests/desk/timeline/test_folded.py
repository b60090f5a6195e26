"""A record in a few lines: what a person must not take for certain is said."""

from datetime import timedelta

from desk.timeline.folded import folded
from switchboard.absence import look
from switchboard.interactions import fold, read_steps
from switchboard.timers import Waits
from tests.switchboard.interactions.stories import golden


def test_one_whose_end_was_lost_says_so() -> None:
    events = [e for e in golden("abandon")[0] if e.type != "interaction.deleted"]
    later = (events[-1].time + timedelta(days=2)).timestamp()
    waits = Waits(grace=60, lost_end=3600)
    told = look("g", read_steps(events), (), waits, later, lambda *_: False).facts
    assert not any("end was not seen" in line for line in folded(fold(events)))
    first, *rest = folded(fold([*events, *told]))
    assert first.startswith("closed: ")
    assert any("its end was not seen" in line for line in rest)
