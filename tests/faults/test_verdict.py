from dataclasses import replace

import pytest

from tests.faults.evidence import Evidence, Published, Taken
from tests.faults.verdict import Verdict, judge

LINES = ("a", "b", "c")


def published(number: int) -> Published:
    line = LINES[number % 3]
    return Published(f"sha-{number}", f"id-{number}", line, number // 3, 1_000 * number)


def taken(number: int, sequence: int | None = None) -> Taken:
    where = number if sequence is None else sequence
    return Taken("ingest", where, LINES[number % 3], f"event-{number}", f"sha-{number}")


def gap(first: int, last: int) -> Taken:
    span = f"1970-01-01T00:00:{first:02d}.000Z", f"1970-01-01T00:00:{last:02d}.000Z"
    return Taken("ingest", 99, "gap", "gap", "sha-gap", span)


GOOD = Evidence(
    published=[published(number) for number in range(12)],
    taken=[taken(number) for number in range(12)],
    injected={"drop": 1},
)


def judged(evidence: Evidence, least: int = 12) -> Verdict:
    return judge(evidence, least)


def problem(verdict: Verdict) -> str:
    (only,) = verdict.problems
    return only


def test_all_is_well() -> None:
    verdict = judged(GOOD)
    assert verdict.problems == ()
    assert (verdict.events, verdict.injected) == (12, 1)


@pytest.mark.parametrize("number", [0, 5, 11])
def test_a_lost_event_is_found(number: int) -> None:
    verdict = judged(replace(GOOD, taken=[*GOOD.taken[:number], *GOOD.taken[number + 1 :]]))
    assert verdict.lost == 1
    assert problem(verdict) == "lost 1"


def test_an_overtaking_is_found() -> None:
    order = [0, 1, 2, 6, 4, 5, 3, 7, 8, 9, 10, 11]
    verdict = judged(replace(GOOD, taken=[taken(number) for number in order]))
    assert verdict.overtakings == 1
    assert problem(verdict) == "overtakings 1"


def test_other_interactions_may_overtake() -> None:
    order = [2, 1, 0, 5, 8, 3, 11, 4, 6, 7, 10, 9]
    assert judged(replace(GOOD, taken=[taken(number) for number in order])).problems == ()


def test_the_first_arrival_counts_for_the_order() -> None:
    again = [*GOOD.taken, taken(0, 12), taken(3, 13)]
    verdict = judged(replace(GOOD, taken=again))
    assert verdict.problems == ()
    assert (verdict.duplicates, verdict.swallowed) == (2, 0)


def test_what_sqs_swallowed_is_counted_apart() -> None:
    verdict = judged(replace(GOOD, taken=[*GOOD.taken, taken(4), taken(5, 50)]))
    assert verdict.problems == ()
    assert (verdict.duplicates, verdict.swallowed) == (2, 1)


def test_a_duplicate_under_another_id_is_found() -> None:
    twin = replace(taken(4, 12), event_id="another")
    verdict = judged(replace(GOOD, taken=[*GOOD.taken, twin]))
    assert problem(verdict) == "events with two ids: 1"


def test_what_was_never_published_is_found() -> None:
    verdict = judged(replace(GOOD, taken=[*GOOD.taken, taken(12)]))
    assert problem(verdict) == "events that were never published: 1"


@pytest.mark.parametrize("injected", [{}, {"drop": 0}, {"drop": 3, "kill": 0}])
def test_a_fault_that_did_not_happen_is_found(injected: dict[str, int]) -> None:
    assert problem(judged(replace(GOOD, injected=injected))).startswith("no fault was injected")


def test_too_few_events_prove_nothing() -> None:
    assert problem(judged(GOOD, 13)) == "12 events, fewer than 13"


def test_what_the_server_swapped_is_no_overtaking_of_ours() -> None:
    order = [0, 1, 2, 6, 3, 4, 5, 7, 8, 9, 10, 11]
    swapped = replace(GOOD, taken=[taken(n) for n in order], swapped=[("id-6", "id-3")])
    assert judged(swapped).problems == ()
    assert judged(replace(swapped, swapped=[("id-3", "id-6")])).overtakings == 1


def test_what_retention_removed_must_be_told() -> None:
    cut = replace(GOOD, taken=[*GOOD.taken[:3], *GOOD.taken[6:]], removed=6)
    assert problem(judged(cut)) == "removed by retention, and no gap tells of them: 3"
    told = judged(replace(cut, taken=[*cut.taken, gap(2, 6)]))
    assert told.problems == ()
    assert (told.trimmed, told.gaps, told.lost) == (3, 1, 0)
    elsewhere = judged(replace(cut, taken=[*cut.taken, gap(4, 6)]))
    assert problem(elsewhere) == "removed by retention, and no gap tells of them: 1"


def test_retention_that_took_nothing_unread_proves_nothing() -> None:
    assert problem(judged(replace(GOOD, removed=6))) == "retention removed nothing unread"


def test_what_is_missing_beyond_what_retention_removed_is_lost() -> None:
    cut = replace(GOOD, taken=[*GOOD.taken[:3], *GOOD.taken[7:], gap(0, 59)], removed=6)
    verdict = judged(cut)
    assert (verdict.lost, verdict.trimmed) == (1, 3)
    assert problem(verdict) == "lost 1"


def test_where_there_is_a_router_it_must_have_all_in_order() -> None:
    order = [0, 1, 2, 6, 4, 5, 3, 7, 8, 9, 10]
    verdict = judged(replace(GOOD, routed=[taken(number) for number in order]))
    assert verdict.problems == ("lost 1", "overtakings 1")
