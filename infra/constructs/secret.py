"""A secret with a fixed name and no value: `switchboard secrets set` gives it one."""

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.findings import acknowledge


class Secret(Construct):
    """One secret of one source or destination."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, description: str, retain: bool
    ) -> None:
        super().__init__(scope, construct_id)
        resource = secretsmanager.CfnSecret(self, "Secret", name=name, description=description)
        resource.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY
        )
        acknowledge(
            resource,
            "AwsSolutions-SMG4",
            "The other side issues it: rotating it on a schedule of ours would break the way. Both"
            " the current and the previous value count for a day after `switchboard secrets set`."
            " The key of a mapping stays for good: under another one no pseudonym fits the old.",
        )
        self.arn = resource.ref
