import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.sources.stream_types import (
    GAP,
    TYPES,
    UNDECODABLE,
    UNKNOWN,
    canonical_type,
    unknown_type,
)


@pytest.mark.parametrize(("name", "canonical"), TYPES.items())
def test_case_does_not_count(name: str, canonical: str) -> None:
    for written in (name, name.upper(), name.lower()):
        assert canonical_type(written, "Interaction") == canonical
    assert canonical_type(None, name) == canonical


@pytest.mark.parametrize(
    ("name", "outer", "canonical"),
    [
        ("InteractionDeAssigned", "Interaction", "interaction.deassigned"),
        ("AgentSkillCreated", "AgentProvChange", "agent.skill.created"),
        ("AgentSkillRemoved", "AgentProvChange", "agent.profile.changed"),
        (None, "AgentStatusChange", "agent.status.changed"),
        ("InteractionBoiled", "Interaction", "8x8.unknown.InteractionBoiled"),
        (None, "Interaction", "8x8.unknown.Interaction"),
        ("Über alles/\n", None, "8x8.unknown._ber_alles__"),
        ("x" * 500, None, "8x8.unknown." + "x" * 64),
        ("", "", "8x8.unknown.unnamed"),
        (None, None, "8x8.unknown.unnamed"),
    ],
)
def test_types(name: str | None, outer: str | None, canonical: str) -> None:
    assert canonical_type(name, outer) == canonical


def test_every_event_has_a_type_of_its_own() -> None:
    assert len(set(TYPES.values())) == len(TYPES)
    assert not {GAP, UNDECODABLE} & set(TYPES.values())
    assert not any(one.startswith(UNKNOWN) for one in (*TYPES.values(), GAP, UNDECODABLE))


@given(name=st.text(st.characters(exclude_categories=())))
def test_any_name_becomes_a_safe_type(name: str) -> None:
    assert re.fullmatch(r"8x8\.unknown\.[A-Za-z0-9_.-]{1,64}", unknown_type(name))
    assert re.fullmatch(r"[a-z0-9_.]+|8x8\.unknown\.[A-Za-z0-9_.-]{1,64}", canonical_type(name))
