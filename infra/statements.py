"""IAM statements, written by hand: `grant_*` would allow a dozen actions where two are used."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk

Statement = Mapping[str, Any]


def allow(actions: Sequence[str], *resources: str) -> Statement:
    """Allow `actions` on `resources`, whose pseudo parameters are written `${AWS::Region}`."""
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}


def policy(statements: Sequence[Statement]) -> Mapping[str, Any]:
    """A policy document, its pseudo parameters made CloudFormation's."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {**statement, "Resource": _rendered(statement["Resource"])}
            if "Resource" in statement
            else statement
            for statement in statements
        ],
    }


def _rendered(resource: Any) -> Any:
    if isinstance(resource, list):
        return [_rendered(one) for one in resource]
    return cdk.Fn.sub(resource) if "${AWS::" in resource else resource


def wildcards(statements: Sequence[Statement]) -> list[str]:
    """The resources of `statements` that end in a wildcard, as cdk-nag writes them."""
    return [
        re.sub(r"\$\{([^}]+)\}", r"<\1>", resource)
        for statement in statements
        for resource in statement["Resource"]
        if resource.endswith("*")
    ]


def trust(service: str) -> Mapping[str, Any]:
    """Who may assume a role."""
    return policy(
        [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": f"{service}.amazonaws.com"},
            }
        ]
    )


def tls_only(resources: Sequence[str], action: str) -> Statement:
    """Deny everything that does not come over TLS."""
    return {
        "Effect": "Deny",
        "Action": action,
        "Principal": "*",
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def arn(service: str, resource: str) -> str:
    """An ARN in this account and region."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def bucket_arn(bucket: str, path: str = "") -> str:
    """A bucket's ARN, or that of objects in it; `bucket` may hold pseudo parameters."""
    return f"arn:${{AWS::Partition}}:s3:::{bucket}{path}"
