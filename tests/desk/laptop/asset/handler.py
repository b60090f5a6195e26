"""Functions of the laptop's own tests: a staged asset, run in a sandbox."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import boto3


def echo(event: dict[str, Any], _: Any) -> dict[str, Any]:
    """Answer an API's event with itself, or as its body asks for."""
    wanted = json.loads(event.get("headers", {}).get("X-Answer") or "null")
    if wanted is not None:
        if "sleep" in wanted:
            time.sleep(wanted["sleep"])
        answer: dict[str, Any] = wanted
        return answer
    return {"statusCode": 200, "headers": {"X-One": "1"}, "body": json.dumps(event)}


def look(event: dict[str, Any], context: Any) -> Any:
    """Say what there is to be seen in here, or do what the event asks for."""
    print("looking around")  # noqa: T201 - it is to be found in the log
    match event.get("do"):
        case "sleep":
            time.sleep(event["seconds"])
        case "raise":
            raise ValueError("as was asked for")
        case "hoard":
            return len(bytearray(event["megabytes"] * 1024 * 1024))
        case "exit":
            os._exit(1)
        case "large":
            return "x" * event["size"]
        case "call":
            return _call(event["service"], event["operation"], event["given"])
    return {
        "environment": dict(os.environ),
        "path": sys.path,
        "pid": os.getpid(),
        "left": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
    }


def _call(service: str, operation: str, given: dict[str, Any]) -> Any:
    make: Any = boto3.client
    try:
        getattr(make(service), operation)(**given)
    except Exception as error:  # noqa: BLE001 - told to the test
        return str(error)
    return "done"


def consume(event: dict[str, Any], _: Any) -> Any:
    """Note what came, and do as each body says."""
    notes = Path(os.environ["NOTES"])
    bodies = [json.loads(record["body"]) for record in event["Records"]]
    began = time.time()
    failures: list[dict[str, str]] = []
    answer: Any = {"batchItemFailures": failures}
    for record, body in zip(event["Records"], bodies, strict=True):
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        time.sleep(body.get("sleep", 0) if first else 0)
        if body.get("fail") and first:
            failures.append({"itemIdentifier": record["messageId"]})
        if body.get("raise") and first:
            raise ValueError("as was asked for")
        if body.get("malformed") and first:
            answer = {"batchItemFailures": [{"itemIdentifier": "unknown"}]}
    note = {"names": [body["name"] for body in bodies], "began": began, "ended": time.time()}
    with notes.open("a") as file:
        file.write(json.dumps({**note, "pid": os.getpid(), "record": event["Records"][0]}) + "\n")
    return answer
