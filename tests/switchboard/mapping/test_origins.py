"""Which fields of an event an expression's value is made of."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.errors import ConfigurationError, EventError
from switchboard.mapping import compile_expression
from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.catalogue import Need
from switchboard.mapping.grammar import function_names, parse
from switchboard.mapping.origins import ANY, CONCEALING, Path, paths_of
from switchboard.policy import PolicyDocument, policy_of
from tests.switchboard.mapping.generated import GIVEN_NEEDS, NAMES, expressions

ALL_NEEDS = frozenset(Need)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("data.customer.phone", {"data.customer.phone"}),
        ("data.participants[*].phone", {"data.participants.phone"}),
        ("data.participants[?role == 'guest'].name", {"data.participants.name"}),
        ("data.participants[].phones[0]", {"data.participants.phones"}),
        ("data.participants[0:2].phone", {"data.participants.phone"}),
        ("data.*.phone", {"data.*.phone"}),
        ("values(data)[].phone", {"data.*.phone"}),
        ("data.a || data.b", {"data.a", "data.b"}),
        ("(data.a || data.b).name", {"data.a.name", "data.b.name"}),
        ("data.a == data.b", set()),
        ("!data.a", set()),
        ("'text'", set()),
        ("data | customer.phone", {"data.customer.phone"}),
        ("{p: data.customer, t: type}", {"data.customer", "type"}),
        ("{p: data}.p.customer.phone", {"data"}),
        ("[data.a, data.b][0].c", {"data.a.c", "data.b.c"}),
        ("@", {""}),
        ("e164(data.customer.phone)", {"data.customer.phone"}),
        ("concat(data.a, data.b)", {"data.a", "data.b"}),
        ("merge(data.a, data.b).name", {"data.a", "data.b"}),
        ("map(&phone, data.participants)", {"data.participants.phone"}),
        ("sort_by(data.participants, &phone)[].name", {"data.participants.name"}),
        ("max_by(data.participants, &n).name", {"data.participants.name"}),
        ("when(data.vip, data.a, data.b)", {"data.a", "data.b"}),
        ("case(data.state, 'in', data.a, data.b)", {"data.a", "data.b"}),
        ("case(data.state, data.x, data.a)", {"data.a"}),
        ("coalesce(data.a, data.b).c", {"data.a.c", "data.b.c"}),
        ("mask(data.a)", set()),
        ("mask(data.a, `4`)", set()),
        ("mask(data.a, `5`)", {"data.a"}),
        ("mask(data.a, data.n)", {"data.a"}),
        ("hash(data.a)", set()),
        ("tokenise(data.a, 'phone')", set()),
        ("redact(data.a)", {"data.a"}),
        ("length(data.a)", set()),
        ("country(data.a)", set()),
        ("lookup('accounts', data.a)", {"lookup.accounts"}),
        ("lookup('accounts', data.a).tier", {"lookup.accounts.tier"}),
        ("lookup('accounts', data.a, 'tier')", {"lookup.accounts.tier"}),
        ("lookup('accounts', data.a, `null`, data.b)", {"lookup.accounts", "data.b"}),
        ("lookup(data.t, data.a, data.c)", {"lookup.*.*"}),
        ("raw().call.number", {"raw.call.number"}),
        ("to_string(@)", {""}),
    ],
)
def test_what_flows_into_a_value(text: str, paths: set[str]) -> None:
    assert {".".join(path) for path in paths_of(parse(text, ALL_NEEDS))} == paths


@pytest.mark.parametrize(
    ("flow", "marked", "allowed", "refused"),
    [
        ("data.customer.phone", "data.customer.phone", None, True),
        ("data.customer.name", "data.customer.phone", None, False),
        ("data.customer", "data.customer.phone", None, True),
        ("data.customer.phone.country", "data.customer.phone", None, True),
        ("data.*.phone", "data.customer.phone", None, True),
        ("data.*.name", "data.customer.phone", None, False),
        ("data.customer.phone", "data.customer.phone", "data.customer", False),
        ("data.customer.name", "data.customer", "data.customer.name", False),
        ("data.customer.phone", "data.customer", "data.customer.name", True),
        ("data.*", "data.customer", "data.customer.name", True),
        ("raw().a", "data.customer.phone", None, True),
        ("raw().a", "data.customer.phone", "raw.a", False),
        ("raw().b", "data.customer.phone", "raw.a", True),
        ("lookup('accounts', data.a)", "lookup.accounts.owner", None, True),
        ("lookup('accounts', data.a).tier", "lookup.accounts.owner", None, False),
        ("lookup(data.t, data.a).tier", "lookup.accounts.tier", None, True),
    ],
)
def test_who_may_get_what(flow: str, marked: str, allowed: str | None, refused: bool) -> None:
    policy = policy_of(PolicyDocument(sensitive=frozenset({marked})))
    may = frozenset() if allowed is None else frozenset({allowed})
    assert any(policy.refused(paths_of(parse(flow, ALL_NEEDS)), may)) is refused


def test_what_conceals_is_a_function() -> None:
    assert function_names() >= CONCEALING


# Each text of a document says where it stands: one that comes out was read there.
signs = st.recursive(
    st.just("") | st.integers(-3, 9) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=16,
)


def signed(value: Any, path: Path = ()) -> Any:
    if isinstance(value, dict):
        return {name: signed(one, (*path, name)) for name, one in value.items()}
    if isinstance(value, list):
        return [signed(one, path) for one in value]
    return f"<{'.'.join(path)}>" if value == "" else value


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def carries(flows: frozenset[Path], path: Path) -> bool:
    return any(
        len(flow) <= len(path)
        and all(one in (other, ANY) for one, other in zip(flow, path, strict=False))
        for flow in flows
    )


@settings(max_examples=1500)
@given(expressions, signs)
def test_nothing_comes_out_that_is_not_said_to_flow(text: str, shape: Any) -> None:
    document = signed(shape)
    try:
        value = compile_expression(text, GIVEN_NEEDS).evaluate(document, EXAMPLE)
        shown = json.dumps(value).lower()
    except (EventError, ConfigurationError, TypeError):
        return
    flows = paths_of(parse(text, GIVEN_NEEDS))
    for sign in set(texts(document)):
        if sign.startswith("<") and sign in shown:
            assert carries(flows, tuple(filter(None, sign[1:-1].split(".")))), (text, sign)
