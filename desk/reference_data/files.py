"""CSV files of reference data: which rows can be loaded, and what is wrong with the others."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from desk.apply.documents import DocumentError
from switchboard.mapping.beside import LONGEST_KEY, TABLE_NAME
from switchboard.mapping.catalogue import Row

LARGEST_ROW = 8 * 1024
"""In bytes, as JSON."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be loaded: its line, its key where it has one, and why."""

    line: int
    key: str
    why: str


@dataclass(slots=True)
class Table:
    """A reference table as a file has it; `key` is the column that it is looked up by."""

    name: str
    key: str
    columns: Sequence[str]
    rows: dict[str, Row] = field(default_factory=dict)
    bad: list[Bad] = field(default_factory=list)


def read_table(path: Path, *, name: str | None = None, key: str | None = None) -> Table:
    """The table in a file, named as the file; its key is the first column.

    Raises:
        DocumentError: it is no CSV file with a header, or has no such column.
    """
    named = path.stem if name is None else name
    if not TABLE_NAME.fullmatch(named):
        raise DocumentError(
            f"{named!r} is no name of a reference table: small letters, digits and hyphens; give"
            " one with --table"
        )
    try:
        # Excel writes a byte order mark, which utf-8-sig takes away.
        text = path.read_text(encoding="utf-8-sig")
        lines = csv.reader(StringIO(text), delimiter=_separator(text), strict=True)
        header = [column.strip() for column in next(lines, [])]
        column = header[0] if key is None and header else key or ""
        _check_header(path, header, column)
        table = Table(named, column, header)
        for cells in lines:
            if any(cells):
                _add(table, lines.line_num, cells)
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path}: it is not UTF-8; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise DocumentError(f"{path}: it is no CSV file: {error}") from None
    return table


def read_tables(paths: Sequence[Path]) -> Iterator[Table]:
    """The table of each file; raises DocumentError also where a row of one is bad."""
    for path in paths:
        table = read_table(path)
        for bad in table.bad:
            raise DocumentError(f"{path}: line {bad.line}: {bad.why}")
        yield table


def _separator(text: str) -> str:
    """What is between cells: where a comma is the decimal sign, Excel writes semicolons."""
    header = text.split("\n", 1)[0]
    return ";" if ";" in header and "," not in header else ","


def _check_header(path: Path, header: Sequence[str], key: str) -> None:
    if not all(header) or not header:
        raise DocumentError(f"{path}: its first line has to name each column")
    if len(set(header)) < len(header):
        twice = next(column for column in header if header.count(column) > 1)
        raise DocumentError(f"{path}: two columns are named {twice!r}")
    if key not in header:
        raise DocumentError(f"{path}: there is no column {key!r}; there are {', '.join(header)}")


def _add(table: Table, line: int, cells: Sequence[str]) -> None:
    texts = [cell.strip() for cell in cells]
    found = dict(zip(table.columns, texts, strict=False))
    key = found.pop(table.key, "")
    row = {column: text for column, text in found.items() if text}
    why = _wrong(table, texts, key, row)
    if why:
        table.bad.append(Bad(line, key, why))
    else:
        table.rows[key] = row


def _wrong(table: Table, cells: Sequence[str], key: str, row: Row) -> str:
    """What is wrong with a row; the values themselves may be personal data, and are not told."""
    if len(cells) != len(table.columns):
        return f"it has {len(cells)} cells, and the header {len(table.columns)}"
    if not key:
        return f"its {table.key} is empty"
    if len(key.encode()) > LONGEST_KEY:
        return f"its {table.key} has more than {LONGEST_KEY} bytes"
    if key in table.rows:
        return f"its {table.key} stands above already; the first one counts"
    if len(json.dumps(row)) > LARGEST_ROW:
        return f"it has more than {LARGEST_ROW} bytes"
    return ""
