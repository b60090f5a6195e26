"""The reference page of the functions: their examples, which are also their tests."""

import json
from collections.abc import Iterator

from switchboard.mapping.beside import EXAMPLE
from switchboard.mapping.catalogue import Function, Row
from switchboard.mapping.functions import FAMILIES

HEAD = """# Functions

Expressions are [JMESPath](https://jmespath.org/specification.html), with its functions and these.
An absent field is null: where no more is said, null gives null. What is there but of a type that a
function cannot take is the event's error; it names the field, the function, its position and the
type. `nothing` in the examples is a field that is absent. `hash` and `tokenise` take the key of the
destination that is mapped for: the field `mapping_key` of its secret. `lookup` and `raw` find
what is [beside the event](../how-to/look-up-reference-data.md); in their examples that is

```json
{beside}
```
"""


def page(note: str) -> str:
    """Each function with its examples, family by family."""
    parts = [HEAD.replace("{beside}", _beside())]
    for family, functions in FAMILIES.items():
        parts.append(f"## {family}\n")
        parts += [_of_function(function) for function in functions]
    return note + "\n".join(parts)


def _beside() -> str:
    """What the examples find beside an event."""
    tables: dict[str, dict[str, Row]] = {}
    for (table, key), row in EXAMPLE.rows.items():
        tables.setdefault(table, {})[key] = row or {}
    return json.dumps({"reference": tables, "raw": EXAMPLE.raw}, indent=2)


def _of_function(function: Function) -> str:
    described = str(function.call.__doc__).strip().split("\n\n")
    text = "\n\n".join(" ".join(part.split()) for part in described)
    rows = "\n".join(_rows(function))
    return f"### {function.name}\n\n{text} {_takes(function)}\n\n{rows}\n"


def _takes(function: Function) -> str:
    fewest, most = function.fewest, function.most
    count = str(most) if fewest == most else f"{fewest} to {most}"
    return f"Takes {count} value{'' if most == 1 else 's'}."


def _rows(function: Function) -> Iterator[str]:
    yield "| expression | gives |"
    yield "| --- | --- |"
    for example in function.examples:
        if example.refused:
            given = f"refused: {example.refused}"
        else:
            given = _code(json.dumps(example.gives, ensure_ascii=False))
        yield f"| {_code(example.expression)} | {given} |"


def _code(text: str) -> str:
    """As code in a table, also where it has back-ticks in it."""
    return "`` " + text.replace("|", "\\|") + " ``"
