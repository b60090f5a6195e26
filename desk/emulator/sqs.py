"""SQS's actions over the queues that CloudFormation made in moto."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from desk.emulator.calls import ACCOUNT, REGION, Call
from desk.emulator.faults import Faults
from desk.emulator.queues import Queue, SqsError, check_batch

Answer = tuple[int, dict[str, Any]]


class Sqs:
    """The data plane; everything else of SQS (attributes, policies, creation) is moto's."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._queues: dict[str, Queue] = {}
        self._ahead = 0.0

    def clock(self) -> float:
        """The queues' time: the real one, and how far it was moved ahead."""
        return time.time() + self._ahead

    def move_clock(self, seconds: float) -> None:
        """Let time pass for every queue at once."""
        self._ahead += seconds

    def queue(self, name: str) -> Queue:
        """The queue `name`, as CloudFormation made it."""
        if name not in self._queues:
            self._queues[name] = self._made(name)
        return self._queues[name]

    def _made(self, name: str) -> Queue:
        from moto.sqs.models import sqs_backends

        made: Any = sqs_backends[ACCOUNT][REGION].queues.get(name)
        if made is None:
            raise SqsError("AWS.SimpleQueueService.NonExistentQueue", f"there is no queue {name}")
        redrive = made.redrive_policy or {}
        dead = str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2]
        return Queue(
            name,
            visibility=int(made.visibility_timeout),
            max_receives=int(redrive["maxReceiveCount"]) if dead else None,
            dead_letters=self.queue(dead) if dead else None,
            clock=self.clock,
        )

    def names(self) -> list[str]:
        """Every queue that there is."""
        from moto.sqs.models import sqs_backends

        return list(sqs_backends[ACCOUNT][REGION].queues)

    def answer(self, target: str, call: Call, role: str) -> Answer | None:
        """The answer to a call of the data plane; None where moto is to answer."""
        action = _ACTIONS.get(target)
        if action is None:
            return None
        try:
            queue = self.queue(str(call.parameters.get("QueueUrl", "")).rpartition("/")[2])
            return 200, action(self, queue, call.parameters, role)
        except SqsError as error:
            return 400, {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}

    def _send(self, queue: Queue, entry: Mapping[str, Any], role: str) -> dict[str, Any]:
        if self._faults.refuses_send(queue.name, role):
            raise SqsError("ServiceUnavailable", "the service is unavailable; try again")
        return queue.send(
            str(entry["MessageBody"]),
            str(entry.get("MessageGroupId", "")),
            str(entry.get("MessageDeduplicationId", "")),
        )

    def _send_batch(self, queue: Queue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._send(queue, entry, role))

    def _receive(self, queue: Queue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        visibility = given.get("VisibilityTimeout")
        messages = queue.receive(
            int(given.get("MaxNumberOfMessages", 1)),
            float(given.get("WaitTimeSeconds", 0)),
            None if visibility is None else int(visibility),
        )
        return {"Messages": messages} if messages else {}

    def _delete(self, queue: Queue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        queue.delete(str(given["ReceiptHandle"]))
        return {}

    def _delete_batch(self, queue: Queue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._delete(queue, entry, role))

    def _change(self, queue: Queue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        queue.change_visibility(str(given["ReceiptHandle"]), int(given["VisibilityTimeout"]))
        return {}

    def _change_batch(self, queue: Queue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._change(queue, entry, role))

    def _attributes(self, queue: Queue, _: Mapping[str, Any], __: str) -> dict[str, Any]:
        from moto.sqs.models import sqs_backends

        made = sqs_backends[ACCOUNT][REGION].queues[queue.name]
        return {"Attributes": {"QueueArn": made.queue_arn, **queue.counts()}}


_ACTIONS: Mapping[str, Callable[[Sqs, Queue, Mapping[str, Any], str], dict[str, Any]]] = {
    "SendMessage": Sqs._send,  # noqa: SLF001 - its own table
    "SendMessageBatch": Sqs._send_batch,  # noqa: SLF001
    "ReceiveMessage": Sqs._receive,  # noqa: SLF001
    "DeleteMessage": Sqs._delete,  # noqa: SLF001
    "DeleteMessageBatch": Sqs._delete_batch,  # noqa: SLF001
    "ChangeMessageVisibility": Sqs._change,  # noqa: SLF001
    "ChangeMessageVisibilityBatch": Sqs._change_batch,  # noqa: SLF001
    "GetQueueAttributes": Sqs._attributes,  # noqa: SLF001
}


def _each(
    entries: Any, act: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """A batch in which some entries may fail and others not."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            done.append({"Id": entry["Id"], **act(entry)})
        except SqsError as error:
            ours = error.code != "ServiceUnavailable"
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": ours,
                    "Code": error.code,
                    "Message": str(error),
                }
            )
    return {"Successful": done, **({"Failed": failed} if failed else {})}


def encoded(answer: dict[str, Any]) -> bytes:
    """An answer's bytes."""
    return json.dumps(answer).encode()
