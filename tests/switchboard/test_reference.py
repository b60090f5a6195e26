"""Reference data is read once, kept for a while, and never read where nobody asks for it."""

from typing import Any

import pytest

from switchboard.envelope import Raw, RawRef
from switchboard.errors import ConfigurationError, EventError, OurOwn, Unavailable
from switchboard.gathering import Gathering, nothing_to_gather
from switchboard.mapping import NOTHING, Given, compile_mapping
from switchboard.reference import (
    FOUND_SECONDS,
    MOST_AHEAD,
    MOST_KEPT,
    MOST_KEYS,
    UNKNOWN_SECONDS,
    Lookups,
)
from switchboard.testing.reference_store import MemoryReference
from switchboard.testing.stores import Clock

ANN = ("accounts", "ann")
REF = RawRef(bucket="archive", key="raw/1", line=0)
TIER = compile_mapping({"tier": "lookup('accounts', who, 'tier')"})


class Sandbox:
    """Lookups over a table with one row, and a clock."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self.store = MemoryReference({ANN: {"tier": "gold"}})
        self.clock = Clock()
        self.lookups = Lookups(self.store, self.clock, most_kept)
        self.gather = Gathering(self.lookups, self.read)
        self.payloads: dict[str, str] = {}
        self.read_payloads = 0

    def read(self, ref: RawRef) -> Raw:
        self.read_payloads += 1
        return Raw(kind="jaas", body=self.payloads[ref.key], received_at="")

    def tier(self, who: object) -> object:
        document = {"who": who}
        given = self.gather(TIER.asking, document, REF)
        return TIER.evaluate(document, given)["tier"]


def test_a_row_is_read_once_and_again_after_five_minutes() -> None:
    sandbox = Sandbox()
    assert [sandbox.tier("ann") for _ in range(3)] == ["gold"] * 3
    sandbox.store.rows[ANN] = {"tier": "silver"}
    sandbox.clock.forward(FOUND_SECONDS - 1)
    assert sandbox.tier("ann") == "gold"
    sandbox.clock.forward(1)
    assert sandbox.tier("ann") == "silver"
    assert sandbox.store.reads == [[ANN], [ANN]]


def test_that_a_row_is_not_there_is_kept_for_a_minute() -> None:
    sandbox = Sandbox()
    assert [sandbox.tier("bo") for _ in range(3)] == [None] * 3
    sandbox.store.rows["accounts", "bo"] = {"tier": "new"}
    sandbox.clock.forward(UNKNOWN_SECONDS - 1)
    assert sandbox.tier("bo") is None
    sandbox.clock.forward(1)
    assert sandbox.tier("bo") == "new"
    assert len(sandbox.store.reads) == 2


def test_no_more_rows_are_kept_than_a_sandbox_has_room_for() -> None:
    sandbox = Sandbox(most_kept=3)
    for who in ("ann", "b", "c", "d"):
        sandbox.tier(who)
    sandbox.tier("d")
    assert len(sandbox.store.reads) == 4
    sandbox.tier("ann")
    assert len(sandbox.store.reads) == 5


def test_rows_are_asked_for_together_and_only_those_that_are_not_kept() -> None:
    sandbox = Sandbox()
    sandbox.tier("ann")
    several = compile_mapping({"all": "who[*].lookup('accounts', @)", "one": "lookup('q', 'x')"})
    sandbox.gather(several.asking, {"who": ["ann", "b", "c", "b"]}, None)
    assert sandbox.store.reads[1:] == [[("accounts", "b"), ("accounts", "c"), ("q", "x")]]


def test_a_table_that_is_away_is_ours_and_nothing_is_remembered_of_it() -> None:
    sandbox = Sandbox()
    sandbox.store.failure = Unavailable("reading reference data: AWS answered Throttling")
    with pytest.raises(OurOwn, match="reading reference data"):
        sandbox.tier("ann")
    sandbox.store.failure = None
    assert sandbox.tier("ann") == "gold"


def test_an_event_may_not_ask_for_everything() -> None:
    sandbox = Sandbox()
    every = compile_mapping({"all": "who[*].lookup('accounts', @)"})
    fine = {"who": [str(number) for number in range(MOST_KEYS)]}
    assert len(sandbox.gather(every.asking, fine, None).rows) == MOST_KEYS
    with pytest.raises(EventError, match="asks for more than 50 rows"):
        sandbox.gather(every.asking, {"who": [*fine["who"], "one more"]}, None)


def test_a_cold_batch_is_read_with_one_request_and_kept_as_ever() -> None:
    sandbox = Sandbox()
    people = ["ann", "bo", "cy", "ann", None]
    sandbox.gather.prefetch(TIER.asking, [{"who": who} for who in people])
    assert [sandbox.tier(who) for who in people] == ["gold", None, None, "gold", None]
    assert sandbox.store.reads == [[ANN, ("accounts", "bo"), ("accounts", "cy")]]
    sandbox.store.rows[ANN] = {"tier": "silver"}
    sandbox.store.rows["accounts", "bo"] = {"tier": "new"}
    sandbox.clock.forward(UNKNOWN_SECONDS - 1)
    sandbox.gather.prefetch(TIER.asking, [{"who": "ann"}, {"who": "bo"}])
    assert [sandbox.tier("ann"), sandbox.tier("bo")] == ["gold", None]
    sandbox.clock.forward(1)
    sandbox.gather.prefetch(TIER.asking, [{"who": "ann"}, {"who": "bo"}])
    assert [sandbox.tier("ann"), sandbox.tier("bo")] == ["gold", "new"]
    assert sandbox.store.reads[1:] == [[("accounts", "bo")]]
    sandbox.clock.forward(FOUND_SECONDS - UNKNOWN_SECONDS)
    sandbox.gather.prefetch(TIER.asking, [{"who": "ann"}])
    assert sandbox.tier("ann") == "silver"


def test_keys_that_are_looked_up_themselves_are_read_ahead_too() -> None:
    sandbox = Sandbox()
    sandbox.store.rows |= {("q", "1"): {"lead": "ann"}, ("q", "2"): {"lead": "bo"}}
    lead = compile_mapping({"tier": "lookup('accounts', lookup('q', queue, 'lead'), 'tier')"})
    documents = [{"queue": queue} for queue in (1, 2, 3)]
    sandbox.gather.prefetch(lead.asking, documents)
    assert sandbox.store.reads == [
        [("q", "1"), ("q", "2"), ("q", "3")],
        [ANN, ("accounts", "bo")],
    ]
    given = [sandbox.gather(lead.asking, document, None) for document in documents]
    found = [lead.evaluate(*one)["tier"] for one in zip(documents, given, strict=True)]
    assert found == ["gold", None, None]
    assert len(sandbox.store.reads) == 2


def test_one_event_keeps_no_other_from_being_read_ahead() -> None:
    sandbox = Sandbox()

    def no_key() -> str:
        raise OurOwn("the secret cannot be read")

    fields = {"all": "who[*].lookup('accounts', @)", "key": "secret && hash(lookup('k', secret))"}
    several = compile_mapping(fields, no_key)
    greedy = {"who": [str(number) for number in range(MOST_KEYS + 1)]}
    documents: list[dict[str, Any]] = [
        greedy,
        {"who": ["ann"]},
        {"who": ["x"], "secret": "y"},
        {"who": ["bo"]},
    ]
    sandbox.gather.prefetch(several.asking, documents)
    assert sandbox.store.reads == [[ANN, ("accounts", "bo")]]


def test_no_more_is_read_ahead_than_there_is_room_for() -> None:
    sandbox = Sandbox()
    people = [str(number) for number in range(MOST_AHEAD + 100)]
    sandbox.gather.prefetch(TIER.asking, [{"who": who} for who in people])
    assert [len(keys) for keys in sandbox.store.reads] == [MOST_AHEAD]
    assert sandbox.tier(people[0]) is None
    assert len(sandbox.store.reads) == 1


def test_nothing_is_read_ahead_where_the_table_is_away() -> None:
    sandbox = Sandbox()
    sandbox.store.failure = Unavailable("reading reference data: AWS answered Throttling")
    sandbox.gather.prefetch(TIER.asking, [{"who": "ann"}, {"who": None}])
    assert sandbox.tier(None) is None
    with pytest.raises(OurOwn):
        sandbox.tier("ann")
    nothing_to_gather.prefetch(TIER.asking, [{"who": "ann"}])


@pytest.mark.parametrize("who", [None, "", "x" * 1025, "é" * 513])
def test_what_can_be_no_key_is_not_looked_for(who: object) -> None:
    sandbox = Sandbox()
    assert sandbox.tier(who) is None
    assert sandbox.store.reads == []


@pytest.mark.parametrize(
    ("body", "seen"), [('{"a": 1}', {"a": 1}), ("a=1", "a=1"), ("[" * 100_000, "[" * 100_000)]
)
def test_a_payload_is_its_json_or_its_text(body: str, seen: object) -> None:
    sandbox = Sandbox()
    sandbox.payloads[REF.key] = body
    mapping = compile_mapping({"raw": "raw()"})
    assert sandbox.gather(mapping.asking, {}, REF).raw == seen
    assert sandbox.gather(mapping.asking, {}, None).raw is None
    assert sandbox.read_payloads == 1


def test_what_asks_for_nothing_costs_no_request() -> None:
    sandbox = Sandbox()
    plain = compile_mapping({"a": "data.a"})
    assert sandbox.gather(plain.asking, {}, REF) == Given()
    assert (sandbox.store.reads, sandbox.read_payloads) == ([], 0)


def test_without_a_store_what_is_asked_for_is_refused() -> None:
    assert nothing_to_gather(TIER.asking, {"who": None}, None) == NOTHING
    for mapping in (TIER, compile_mapping({"raw": "raw()"})):
        with pytest.raises(ConfigurationError, match="need a store to look in"):
            nothing_to_gather(mapping.asking, {"who": "ann"}, None)
