"""What the tests run as a task: it notes what it finds, and how it ends."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

ended = threading.Event()


def note(**what: object) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps({"pid": os.getpid(), **what}) + "\n")


def send(queue: str) -> str:
    """What SQS says to a message for a queue."""
    try:
        boto3.client("sqs").send_message(
            QueueUrl=f"https://sqs.eu-west-1.amazonaws.com/123456789012/{queue}",
            MessageBody="from the task",
            MessageGroupId="one",
            MessageDeduplicationId=str(os.getpid()),
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "sent"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    print(f"task {os.getpid()} says hello", flush=True)  # noqa: T201 - it is to be found in the log
    Path(os.environ["ALIVE"]).touch()
    note(
        environment=dict(os.environ),
        path=sys.path,
        sent={name: send(os.environ[name]) for name in ("MINE", "FOREIGN")},
    )
    # A signal's handler runs between two of these; a wait without end would not let it.
    while not ended.wait(0.1):
        pass
    note(ended=True)
