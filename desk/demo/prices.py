"""What requests to AWS cost: on-demand prices of us-east-1, as AWS lists them.

Requests alone: what is stored, Lambda's and Fargate's seconds, and logs have prices of their own.

https://aws.amazon.com/sqs/pricing/, https://aws.amazon.com/dynamodb/pricing/on-demand/,
https://aws.amazon.com/s3/pricing/, https://aws.amazon.com/secrets-manager/pricing/
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SQS_REQUEST = 0.50e-6
SQS_CHUNK = 64 * 1024
WRITE_UNIT = 0.625e-6
WRITE_BYTES = 1024
READ_UNIT = 0.125e-6
S3_WRITE = 5.0e-6
S3_READ = 0.4e-6
SECRET_READ = 5.0e-6

_DYNAMODB_READS = frozenset({"BatchGetItem", "GetItem", "Query"})
_INDEXED = ("table/switchboard-laptop-events",)
"""Tables whose every write is one of their index as well."""

SOURCES = ("receive-webhook", "stream-reader")
"""Whose requests are the way in: they do not multiply with the destinations."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one role asked AWS for, and what that costs in dollars."""

    requests: int
    dollars: float

    def of(self, deliveries: int) -> Mapping[str, float]:
        """For each of `deliveries`, and for a million of them."""
        each = max(1, deliveries)
        return {
            "requests": self.requests,
            "requests_each": round(self.requests / each, 2),
            "dollars_per_million": round(self.dollars / each * 1e6, 2),
        }


def price(call: Mapping[str, Any]) -> float:
    """Dollars for one line of the emulator's log, by its kind and the size of its request."""
    size = max(1, int(call["bytes"]))
    match call["service"]:
        case "sqs":
            return SQS_REQUEST * -(-size // SQS_CHUNK)
        case "dynamodb" if call["action"] in _DYNAMODB_READS:
            return READ_UNIT
        case "dynamodb":
            writes = 2 if str(call["resource"]).endswith(_INDEXED) else 1
            return WRITE_UNIT * -(-size // WRITE_BYTES) * writes
        case "s3":
            return S3_WRITE if call["action"].startswith("Put") else S3_READ
        case "secretsmanager":
            return SECRET_READ
    return 0.0


def shares(calls: Sequence[Mapping[str, Any]]) -> Mapping[str, Share]:
    """Each role's share; polls that found nothing and logs are the platform's, not ours."""
    requests: Counter[str] = Counter()
    dollars: dict[str, float] = {}
    for call in calls:
        role = str(call["role"])
        if role == "OPERATOR" or call["service"] == "logs" or call.get("idle"):
            continue
        requests[role] += 1
        dollars[role] = dollars.get(role, 0.0) + price(call)
    return {role: Share(count, dollars[role]) for role, count in sorted(requests.items())}


def together(of: Collection[Share]) -> Share:
    """Several shares as one."""
    return Share(sum(one.requests for one in of), sum(one.dollars for one in of))


def is_source(role: str) -> bool:
    """Whether a role is that of a source's way in."""
    return any(name in role for name in SOURCES)
