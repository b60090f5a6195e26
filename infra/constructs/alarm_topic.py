"""The one topic that every alarm of a stage notifies."""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.findings import acknowledge
from infra.statements import policy


class AlarmTopic(Construct):
    """Only CloudWatch of this account publishes to it; `email` subscribes somebody."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, email: str | None
    ) -> None:
        super().__init__(scope, construct_id)
        topic = sns.CfnTopic(self, "Topic", topic_name=name)
        acknowledge(
            topic,
            "AwsSolutions-SNS3",
            "Its policy, right beside it, refuses what does not come over TLS.",
        )
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[topic.ref],
            policy_document=policy(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudwatch.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": topic.ref,
                        "Condition": {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sns:Publish",
                        "Resource": topic.ref,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ]
            ),
        )
        if email:
            sns.CfnSubscription(
                self, "ByEmail", topic_arn=topic.ref, protocol="email", endpoint=email
            )
        self.arn = topic.ref
