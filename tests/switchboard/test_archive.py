import gzip
import json
from datetime import UTC, datetime

from switchboard.archive import RawLine, encode_lines, object_key
from switchboard.envelope import Raw


def line(number: int, received_at: str = "2026-11-24T09:30:00.000Z") -> RawLine:
    raw = Raw(kind="jaas", body=f'{{"n": {number}, "text": "ü\\u0000"}}', received_at=received_at)
    return RawLine(f"event-{number}", "meetings", datetime(2026, 11, 24, 9, tzinfo=UTC), raw)


def test_the_name_depends_on_the_events_and_the_first_arrival_only() -> None:
    early = line(1, "2026-11-24T08:59:59.999Z")
    assert object_key([early, line(2)]) == object_key([line(2), early])
    assert object_key([early, line(2)]).startswith("raw/2026/11/24/08/")
    assert object_key([early]) != object_key([early, line(2)])


def test_equal_lines_make_equal_bytes_and_each_payload_is_whole() -> None:
    lines = [line(1), line(2)]
    assert encode_lines(lines) == encode_lines(lines)
    read = [json.loads(text) for text in gzip.decompress(encode_lines(lines)).splitlines()]
    assert [one["body"] for one in read] == [one.raw.body for one in lines if one.raw]
    assert read[0] == {
        "id": "event-1",
        "source": "meetings",
        "time": "2026-11-24T09:00:00.000Z",
        "kind": "jaas",
        "body": '{"n": 1, "text": "ü\\u0000"}',
        "received_at": "2026-11-24T09:30:00.000Z",
    }
