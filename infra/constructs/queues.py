"""Queues, TLS only, each with a dead-letter queue of its own type."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.statements import arn, policy, tls_only

FOURTEEN_DAYS = 14 * 24 * 60 * 60
VISIBILITY_FACTOR = 6
"""Of the time-out of the function that is fed: Lambda's own retries need so much."""

RECEIVES = 1000
"""A back-stop only: attempts are counted in the ledger."""


class Queue(Construct):
    """One queue. Without `dead_letters` it is a dead-letter queue itself.

    A FIFO queue is one of high throughput. SQS moves messages to a queue of the same type only.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        visibility: int,
        retain: bool,
        dead_letters: "Queue | None" = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.arn = arn("sqs", name)
        is_fifo = name.endswith(".fifo")
        self.resource: sqs.CfnQueue = sqs.CfnQueue(
            self,
            "Queue",
            queue_name=name,
            fifo_queue=True if is_fifo else None,
            content_based_deduplication=False if is_fifo else None,
            deduplication_scope="messageGroup" if is_fifo else None,
            fifo_throughput_limit="perMessageGroupId" if is_fifo else None,
            message_retention_period=FOURTEEN_DAYS,
            visibility_timeout=visibility,
            sqs_managed_sse_enabled=True,
            redrive_policy=None
            if dead_letters is None
            else {
                "deadLetterTargetArn": dead_letters.resource.attr_arn,
                "maxReceiveCount": RECEIVES,
            },
        )
        removal = cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY
        self.resource.apply_removal_policy(removal)
        sqs.CfnQueuePolicy(
            self,
            "TlsOnly",
            queues=[self.resource.ref],
            policy_document=policy([tls_only([self.resource.attr_arn], "sqs:*")]),
        )
        self.url = self.resource.ref
