import json
from pathlib import Path
from typing import Any

from desk.demo.evidence import Arrival
from desk.drill.recovery import Queued, Recovery, most_ahead, next_try, read_queued, recovery

QUEUE = "crm-normal.fifo"


def arrival(name: str, at: float, what: str = "stored", destination: str = "crm") -> Arrival:
    return Arrival(destination, at, name, "one", 0, what.startswith("stored"), what)


def queued(name: str, at: float, ahead: int = 0) -> Queued:
    return Queued(QUEUE, name, at, ahead)


DOWN_UNTIL = 35.0
QUEUED = [queued("a", 1), queued("b", 10), queued("c", 20), queued("d", 41), queued("e", 50)]
ARRIVED = [
    arrival("a", 2),
    arrival("b", 11, "503"),
    arrival("b", 40),
    arrival("c", 44),
    arrival("d", 43),
    arrival("e", 51),
]


def test_what_waited_was_stored_within_its_time_after_the_first_good_answer() -> None:
    assert recovery("crm", DOWN_UNTIL, ARRIVED, QUEUED) == Recovery(2, 5.0, 4.0)


def test_other_destinations_say_nothing_of_it() -> None:
    others = [arrival("b", 36, destination="pager"), arrival("c", 90, destination="pager")]
    assert recovery("crm", DOWN_UNTIL, [*others, *ARRIVED], QUEUED) == Recovery(2, 5.0, 4.0)


def test_a_record_that_comes_again_did_not_wait_longer() -> None:
    again = arrival("c", 300)
    assert recovery("crm", DOWN_UNTIL, [*ARRIVED, again], QUEUED) == Recovery(2, 5.0, 4.0)


def test_one_that_never_stores_again_has_not_recovered() -> None:
    assert recovery("crm", DOWN_UNTIL, ARRIVED[:2], QUEUED) is None


def test_what_never_came_is_lost_and_not_slow() -> None:
    """The verdict says that it is lost."""
    found = recovery("crm", DOWN_UNTIL, [one for one in ARRIVED if one.id != "c"], QUEUED)
    assert found == Recovery(2, 5.0, 0.0)


def test_the_next_try_is_that_of_the_same_event() -> None:
    limited = [arrival("a", 10, "429"), arrival("b", 12), arrival("a", 30.5), arrival("a", 60)]
    assert next_try("crm", limited) == 20.5
    assert next_try("crm", ARRIVED) is None


def line(name: str, sequence: int, **more: Any) -> str:
    event = {"data": {"demo": {"id": name, "interaction": "one"}}}
    told = {"queue": QUEUE, "sequence": sequence, "at": 1.0, "ahead": 0, **more}
    return json.dumps({**told, "body": json.dumps({"event": event})}) + "\n"


def test_a_message_that_was_swallowed_is_none(tmp_path: Path) -> None:
    path = tmp_path / "sends.jsonl"
    path.write_text(line("a", 1) + line("a", 1, at=9.0, ahead=5) + line("b", 2, ahead=3))
    assert read_queued(path) == [queued("a", 1.0), queued("b", 1.0, ahead=3)]
    assert most_ahead(read_queued(path)) == {QUEUE: 3}


def test_what_is_not_normalised_yet_is_known_by_its_raw_payload(tmp_path: Path) -> None:
    path = tmp_path / "sends.jsonl"
    raw = json.dumps({"data": {"demo": {"id": "a", "interaction": "one"}}})
    body = json.dumps({"event": {"data": None}, "raw": {"body": raw}})
    path.write_text(json.dumps({**json.loads(line("-", 1)), "body": body}) + "\n")
    assert [one.id for one in read_queued(path)] == ["a"]
