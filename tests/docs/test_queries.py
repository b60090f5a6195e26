"""The SQL of the documentation against the tables that are deployed."""

import re

import pytest

from infra.bundling import ROOT
from infra.constructs.lake import EVENT_COLUMNS, RAW_COLUMNS

TABLES = {"raw": {*RAW_COLUMNS, "layer", "day"}, "events": {*EVENT_COLUMNS, "day"}}
PAGE = (ROOT / "docs/explanation/archive.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
WORDS = {
    "select", "from", "join", "on", "where", "and", "between", "group", "order", "by", "desc", "as",
    "like", "count", "distinct", "json_extract_scalar",
}  # fmt: skip


def unknown(query: str) -> set[str]:
    """The names in a query that no table of it has."""
    bare = re.sub(r"'[^']*'", "", query)
    read = re.findall(r"(?:FROM|JOIN)\s+(\w+)", bare)
    given = set(re.findall(r"\bAS\s+(\w+)", bare))
    columns = {column for table in read for column in TABLES.get(table, ())}
    qualified = set(re.findall(r"(\w+)\.(\w+)", bare))
    wrong = {f"{table}.{name}" for table, name in qualified if name not in TABLES.get(table, ())}
    names = set(re.findall(r"[A-Za-z_]\w*", bare)) - given
    plain = {name for name in names if name.lower() not in WORDS}
    return wrong | (plain - columns - set(TABLES)) | (set(read) - set(TABLES))


@pytest.mark.parametrize("query", QUERIES)
def test_queries_name_what_the_tables_have(query: str) -> None:
    assert unknown(query) == set()
    read = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", query))
    # Without a day all of them would be read; without a layer Athena refuses.
    assert re.search(r"\bday (=|BETWEEN)", query)
    assert "raw" not in read or "raw.layer = " in query


def test_there_are_two_and_a_wrong_name_would_be_seen() -> None:
    assert len(QUERIES) == 2
    assert unknown("SELECT kind FROM events WHERE day = '2026/11/24'") == {"kind"}
    assert unknown("SELECT id FROM calls") == {"calls", "id"}
