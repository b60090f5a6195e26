"""Every kind of interaction as a file: events in, record out."""

import pytest

from switchboard.interactions import fold
from tests.switchboard.interactions.stories import golden, names, shown

WANTED = {
    "inbound", "outbound", "abandon", "refused_offer", "missed", "no_answer", "transfer",
    "transferred_leg", "conference", "chat", "email", "voicemail", "lossy",
}  # fmt: skip


def test_every_kind_has_one() -> None:
    assert set(names()) == WANTED


@pytest.mark.parametrize("name", names())
def test_it_folds_to_its_record(name: str) -> None:
    events, record = golden(name)
    assert shown(fold(events)) == record
