"""What expressions ask for is collected first, and is all that they are evaluated on."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.errors import ConfigurationError
from switchboard.gathering import looked_up
from switchboard.mapping import IN_PREDICATES, NOTHING, Given, compile_expression, compile_mapping
from switchboard.mapping.catalogue import Row
from switchboard.reference import Lookups
from switchboard.testing.interpreter import Refused, interpret
from switchboard.testing.reference_store import MemoryReference

ROWS: dict[tuple[str, str], Row] = {
    ("queues", "12"): {"name": "Billing", "team": "7"},
    ("teams", "7"): {"name": "Money", "lead": "ag-1"},
    ("agents", "ag-1"): {"name": "Bo Ek"},
}
EVENT = {"queue": 12, "agents": [{"id": "ag-1"}, {"id": "ag-2"}], "nothing": None}


def asked(fields: dict[str, str], rows: Given = NOTHING) -> set[tuple[str, str]]:
    return set(compile_mapping(fields).asking.rows(EVENT, rows))


def test_each_key_is_collected_wherever_it_stands() -> None:
    fields = {
        "name": "lookup('queues', queue, 'name')",
        "again": "upper(lookup('queues', queue).name)",
        "agents": "agents[*].lookup('agents', id, 'name')",
        "plain": "queue",
        "absent": "lookup('agents', nothing)",
        "lazy": "queue || lookup('agents', 'nobody')",
    }
    assert asked(fields) == {("queues", "12"), ("agents", "ag-1"), ("agents", "ag-2")}


def test_a_key_that_is_looked_up_itself_is_asked_for_when_its_row_is_there() -> None:
    fields = {"team": "lookup('teams', lookup('queues', queue, 'team'), 'name')"}
    assert asked(fields) == {("queues", "12")}
    first = Given({("queues", "12"): ROWS["queues", "12"]})
    assert asked(fields, first) == {("teams", "7")}
    assert asked(fields, Given(dict(ROWS))) == set()


def test_what_fails_without_its_row_keeps_no_other_field_from_asking() -> None:
    fields = {
        "fails": "length(lookup('queues', queue, 'name'))",
        "other": "lookup('agents', 'ag-1', 'name')",
    }
    assert asked(fields) == {("queues", "12"), ("agents", "ag-1")}


def test_a_mapping_without_lookups_asks_for_nothing() -> None:
    asking = compile_mapping({"a": "data.a", "b": "hash(data.b)"}, lambda: "key").asking
    assert not asking.raw
    assert not asking.programs
    assert compile_mapping({"a": "raw().a"}).asking.raw


def test_an_event_does_not_see_what_the_one_before_was_given() -> None:
    mapping = compile_mapping({"name": "lookup('queues', queue, 'name')", "raw": "raw()"})
    assert mapping.evaluate(EVENT, Given(dict(ROWS), "x")) == {"name": "Billing", "raw": "x"}
    assert mapping.evaluate(EVENT) == {"name": None, "raw": None}


def test_what_is_given_reaches_every_part_of_an_expression() -> None:
    mapping = compile_mapping(
        {
            "sorted": "sort_by(agents, &lookup('agents', id, 'name'))[*].id",
            "chosen": "agents[?lookup('agents', id, 'name') == raw().who].id",
            "mapped": "map(&[lookup('agents', id, 'name'), raw().who], agents)",
        }
    )
    event = {"agents": [{"id": "1"}, {"id": "2"}]}
    for names in ("ab", "ba"):
        rows = {("agents", str(n)): {"name": name} for n, name in enumerate(names, 1)}
        assert mapping.evaluate(event, Given(rows, {"who": "a"})) == {
            "sorted": ["1", "2"] if names == "ab" else ["2", "1"],
            "chosen": ["1"] if names == "ab" else ["2"],
            "mapped": [[names[0], "a"], [names[1], "a"]],
        }


def test_what_failed_without_its_row_asks_for_the_next_one() -> None:
    texts = ["agents[*].length(lookup('agents', id, 'name'))", "sort_by(agents, &lookup('t', id))"]
    store = MemoryReference({("agents", "ag-1"): {"name": "Bo"}, ("agents", "ag-2"): {"name": "A"}})
    mapping = compile_mapping({"lengths": texts[0]})
    beside = looked_up(Lookups(store, lambda: 1.0), mapping.asking, EVENT)
    assert mapping.evaluate(EVENT, beside) == {"lengths": [2, 1]}
    assert store.reads == [[("agents", "ag-1")], [("agents", "ag-2")]]
    asks = compile_mapping({"sorted": texts[1]}).asking.about(EVENT, None)
    assert asks({}) == {("t", "ag-1")}
    assert asks({("t", "ag-1"): None}) == set()


@pytest.mark.parametrize("text", ["lookup('a', b)", "raw().b"])
def test_what_is_beside_the_event_is_not_for_every_expression(text: str) -> None:
    with pytest.raises(ConfigurationError, match="which is for the fields of mappings"):
        compile_expression(text)
    if text.startswith("lookup"):
        assert compile_expression(text, IN_PREDICATES).asking.programs
    else:
        with pytest.raises(ConfigurationError, match=r"raw\(\) at position 1"):
            compile_expression(text, IN_PREDICATES)


# Keys lead to keys: every value of a row is a key of another, or of none.
CHAIN: dict[tuple[str, str], Row] = {
    ("t", "a"): {"x": "b", "y": "a"},
    ("t", "b"): {"x": "c"},
    ("t", "c"): {"x": "none", "y": "b"},
}


def followed(text: str, columns: str) -> str:
    """The key that is found from `text` through one row after the other."""
    for column in columns:
        text = f"lookup('t', {text}, '{column}')"
    return text


chained = st.recursive(
    st.sampled_from(["'a'", "'b'", "'c'", "'none'", "n", "k"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.text("xy", min_size=1, max_size=3)).map(lambda p: followed(*p)),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} || {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} && {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"when({p[0]} == 'b', {p[1]}, {p[0]})"),
        inner.map(lambda one: f"upper({one})"),
        inner.map(lambda one: f"(list[*].lookup('t', @, 'x') || [{one}])[0]"),
        inner.map(lambda one: f"length({one})"),
    ),
    max_leaves=6,
).filter(lambda text: len(text) < 900)


@settings(max_examples=300, deadline=None)
@given(chained, st.lists(st.sampled_from("abcd"), max_size=3))
def test_what_was_collected_is_all_that_is_needed(text: str, keys: list[str]) -> None:
    document: dict[str, Any] = {"n": None, "k": "a", "list": keys}
    store = MemoryReference(CHAIN)
    mapping = compile_mapping({"found": text})
    beside = looked_up(Lookups(store, lambda: 1.0), mapping.asking, document)
    try:
        wanted = interpret(text, document, Given(dict(CHAIN)))
    except Refused:
        return
    assert json.dumps(mapping.evaluate(document, beside)) == json.dumps({"found": wanted})
    read = [key for keys in store.reads for key in keys]
    assert len(read) == len(set(read))
