"""IAM: may this role do this, by the policies that CloudFormation gave it?

Only what identity policies of this product hold is understood: Allow and Deny of actions on
resources, with `*` and `?`. Conditions are refused, so that none is silently passed over.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from desk.emulator.calls import ACCOUNT, Call

OPERATOR = "OPERATOR"
"""The access key of whoever runs the desk: it may do everything."""


@dataclass(frozen=True, slots=True)
class Usage:
    """That a role used an action on a resource, by which pattern of its policies."""

    role: str
    action: str
    pattern: str
    resource: str


class Authorization:
    """Credentials handed out, decisions taken, and what was used."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}
        self.used: Counter[Usage] = Counter()
        self.denied: Counter[tuple[str, str, str]] = Counter()

    def credentials(self, role: str) -> str:
        """An access key for `role`, like the one that Lambda gives its functions."""
        key_id = "ASIA" + secrets.token_hex(8).upper()
        self._roles[key_id] = role
        return key_id

    def role(self, key_id: str) -> str | None:
        """Whose key it is; None: nobody's."""
        return OPERATOR if key_id == OPERATOR else self._roles.get(key_id)

    def permits(self, role: str, call: Call) -> bool:
        """Decide, and remember."""
        if role == OPERATOR:
            return True
        statements = list(role_statements(role))
        patterns = [_matching(statements, call.name, resource) for resource in call.resources]
        for resource, pattern in zip(call.resources, patterns, strict=True):
            if pattern is None:
                self.denied[role, call.name, resource] += 1
            else:
                self.used[Usage(role, call.name, pattern, resource)] += 1
        return None not in patterns


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


def _matching(statements: Iterable[Mapping[str, Any]], action: str, resource: str) -> str | None:
    """The pattern that allows `action` on `resource`, unless another statement denies it."""
    allowed: str | None = None
    for statement in statements:
        if "Condition" in statement:
            raise ValueError("a statement with a condition is not understood here")
        if not any(_pattern(one).fullmatch(action) for one in _list(statement["Action"])):
            continue
        for pattern in _list(statement["Resource"]):
            if _pattern(pattern).fullmatch(resource) or _is_secret(pattern, resource):
                if statement["Effect"] == "Deny":
                    return None
                allowed = pattern
    return allowed


def _is_secret(pattern: str, resource: str) -> bool:
    """A secret asked for by its name is the one whose ARN ends in six random characters."""
    return pattern.startswith("arn:aws:secretsmanager") and bool(
        re.fullmatch(re.escape(resource) + r"-[A-Za-z0-9]{6}", pattern)
    )


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@lru_cache(maxsize=2048)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."))
