"""IAM: may this role do this, by the policies that CloudFormation gave it?

Only what identity policies of this product hold is understood: Allow and Deny of actions on
resources, with `*` and `?`. Conditions are refused, so that none is silently passed over.
"""

import json
import re
import secrets
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from desk.emulator.calls import ACCOUNT, Call

OPERATOR = "OPERATOR"
"""The access key of whoever runs the desk: it may do everything."""

_UNDERSTOOD = {"Sid", "Effect", "Action", "Resource"}


class NotUnderstood(Exception):
    """A policy says something that this module cannot judge."""


@dataclass(frozen=True, slots=True)
class Usage:
    """That a role used an action on a resource, by which pattern of which of its statements."""

    role: str
    action: str
    pattern: str
    resource: str
    statement: int


class Authorization:
    """Credentials handed out, decisions taken, and what was used."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}
        self._used: Counter[Usage] = Counter()
        self._denied: Counter[tuple[str, str, str]] = Counter()
        self._revoked: frozenset[tuple[str, int]] = frozenset()
        self._lock = threading.Lock()

    def credentials(self, role: str) -> str:
        """An access key for `role`, like the one that Lambda gives its functions."""
        key_id = "ASIA" + secrets.token_hex(8).upper()
        self._roles[key_id] = role
        return key_id

    def role(self, key_id: str) -> str | None:
        """Whose key it is; None: nobody's."""
        return OPERATOR if key_id == OPERATOR else self._roles.get(key_id)

    def revoke(self, statements: Collection[tuple[str, int]]) -> None:
        """Judge from now on as if these statements were not there: each a role and its number."""
        self._revoked = frozenset(statements)

    def permits(self, role: str, call: Call) -> bool:
        """Decide, and remember.

        Raises:
            NotUnderstood: a statement has more than effect, action and resource.
        """
        if role == OPERATOR:
            return True
        statements = [
            (number, statement)
            for number, statement in enumerate(role_statements(role))
            if (role, number) not in self._revoked
        ]
        allowed = [_matching(statements, call.name, resource) for resource in call.resources]
        with self._lock:
            for resource, match in zip(call.resources, allowed, strict=True):
                if match is None:
                    self._denied[role, call.name, resource] += 1
                else:
                    number, pattern = match
                    self._used[Usage(role, call.name, pattern, resource, number)] += 1
        return None not in allowed

    def report(self) -> dict[str, list[list[Any]]]:
        """What roles were granted, used and denied: role, action, pattern or resource, count.

        `statements` are those that were used: role and number.
        """
        with self._lock:
            used, denied = self._used.copy(), self._denied.copy()
        return {
            "granted": sorted(self._granted()),
            "used": [[one.role, one.action, one.pattern, times] for one, times in used.items()],
            "denied": [[*one, times] for one, times in denied.items()],
            "statements": [list(one) for one in sorted({(u.role, u.statement) for u in used})],
        }

    def _granted(self) -> Iterable[list[str]]:
        for role in set(self._roles.values()):
            for statement in role_statements(role):
                if statement["Effect"] == "Allow":
                    for action in _list(statement["Action"]):
                        for pattern in _list(statement["Resource"]):
                            yield [role, action, pattern]


def role_statements(role: str) -> Iterable[Mapping[str, Any]]:
    """Every statement of a role's inline policies, as moto has them now."""
    from moto.iam.models import iam_backends

    backend = iam_backends[ACCOUNT]["aws"]
    for name in backend.list_role_policies(role):
        document: Any = backend.get_role_policy(role, name)[1]
        yield from _statements(document if isinstance(document, str) else json.dumps(document))


@lru_cache(maxsize=512)
def _statements(document: str) -> tuple[Mapping[str, Any], ...]:
    text = unquote(document) if document.startswith("%") else document
    return tuple(json.loads(text)["Statement"])


def _matching(
    statements: Iterable[tuple[int, Mapping[str, Any]]], action: str, resource: str
) -> tuple[int, str] | None:
    """Which statement's pattern allows `action` on `resource`, unless another one denies it."""
    allowed: tuple[int, str] | None = None
    for number, statement in statements:
        if foreign := statement.keys() - _UNDERSTOOD:
            raise NotUnderstood(f"a statement with {', '.join(sorted(foreign))} is not understood")
        if not any(_pattern(one).fullmatch(action) for one in _list(statement["Action"])):
            continue
        for pattern in _list(statement["Resource"]):
            if _pattern(pattern).fullmatch(resource):
                if statement["Effect"] == "Deny":
                    return None
                allowed = number, pattern
    return allowed


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@lru_cache(maxsize=2048)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))
