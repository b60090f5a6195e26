"""What is not in the event: reference data, and the payload as its source sent it."""

import re
from typing import Any

from switchboard.mapping.catalogue import Find, Function, Need, gives, refused
from switchboard.mapping.given import Given
from switchboard.mapping.values import Impossible, text

LONGEST_KEY = 1024
"""In bytes, as a key of DynamoDB's."""
TABLE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

EXAMPLE = Given(
    rows={
        ("accounts", "+14155552671"): {"name": "Ann Lee", "tier": "gold"},
        ("queues", "12"): {"name": "Billing"},
        ("agents", "ag-7"): {"name": "Bo Ek", "queue": "12"},
    },
    raw={"eventId": "e-1", "call": {"wait-ms": 41000, "flags": ["vip"]}},
)
"""What the examples of functions find beside an event."""


def lookup(find: Find, table: Any, key: Any, column: Any = None, default: Any = None) -> Any:
    """A row of reference data as an object, or one of its columns; else null, or the default.

    Rows are loaded by `switchboard reference load`. A number is the key that is written alike; an
    empty cell is not there. The default is given where there is no such row, or nothing in the
    column.
    """
    name, sought, wanted = text(table), text(key), text(column)
    if name is None or not TABLE_NAME.fullmatch(name):
        raise Impossible("takes the name of a reference table: small letters, digits and hyphens")
    if not sought or len(sought.encode("utf-8", "replace")) > LONGEST_KEY:
        return default
    row = find(name, sought)
    if row is None:
        return default
    return dict(row) if wanted is None else row.get(wanted, default)


def raw_payload(raw: Any) -> Any:
    """The payload as the source sent it: its JSON, else its text; null where nothing was sent."""
    return raw


FUNCTIONS = (
    Function(
        "lookup",
        lookup,
        2,
        4,
        (
            gives("lookup('accounts', '+14155552671')", {"name": "Ann Lee", "tier": "gold"}),
            gives("lookup('accounts', '+14155552671').tier", "gold"),
            gives("lookup('accounts', '+14155552671', 'tier')", "gold"),
            gives("lookup('queues', `12`, 'name')", "Billing"),
            gives("lookup('accounts', '+442079460958', 'tier')", None),
            gives("lookup('accounts', '+442079460958', 'tier', 'standard')", "standard"),
            gives("lookup('accounts', '+14155552671', 'manager', 'nobody')", "nobody"),
            gives("lookup('queues', lookup('agents', 'ag-7', 'queue'), 'name')", "Billing"),
            gives("lookup('accounts', nothing)", None),
            refused("lookup('accounts', `[]`)", "takes a text, and found an array"),
            refused("lookup('Our accounts', 'a')", "takes the name of a reference table"),
        ),
        needs=Need.REFERENCE,
    ),
    Function(
        "raw",
        raw_payload,
        0,
        0,
        (
            gives("raw().eventId", "e-1"),
            gives('raw().call."wait-ms"', 41000),
            gives("raw().call.flags[0]", "vip"),
            gives("raw().nothing", None),
            gives("coalesce(raw().nothing, raw().eventId)", "e-1"),
            gives("keys(raw().call)", ["wait-ms", "flags"]),
            gives('length(raw().call.flags) > `0` && raw().call.flags == `["vip"]`', True),
        ),
        needs=Need.RAW,
    ),
)
