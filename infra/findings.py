"""Acknowledging a finding of cdk-nag, at the construct that it is about, with its reason."""

import aws_cdk as cdk
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Say why `rule` does not hold here. Each call is listed in docs/reference/findings.md."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
