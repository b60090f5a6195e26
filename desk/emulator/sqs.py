"""SQS's actions over the queues that CloudFormation made in moto."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from desk.emulator.calls import ACCOUNT, REGION, Call
from desk.emulator.faults import Faults
from desk.emulator.limits import SqsError, check_batch
from desk.emulator.queues import Queue
from desk.emulator.sends import SendLog
from desk.emulator.standard_queues import StandardQueue

UNAVAILABLE = "ServiceUnavailable"
LONGEST_DELAY = 900

AnyQueue = Queue | StandardQueue


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `error` is the code that SQS's clients know from its older protocol."""

    status: int
    body: Mapping[str, Any]
    error: str | None = None


class Sqs:
    """The data plane; everything else of SQS (attributes, policies, creation) is moto's."""

    def __init__(self, faults: Faults, sends: SendLog | None = None) -> None:
        self._faults = faults
        self._sends = sends
        self._queues: dict[str, AnyQueue] = {}
        self._ahead = 0.0

    def clock(self) -> float:
        """The queues' time: the real one, and how far it was moved ahead."""
        return time.time() + self._ahead

    def move_clock(self, seconds: float) -> None:
        """Let time pass for every queue at once."""
        self._ahead += seconds
        for queue in list(self._queues.values()):
            queue.look_again()

    def queue(self, name: str) -> AnyQueue:
        """The queue `name`, with what moto knows of it now."""
        made = _made().get(name)
        if made is None:
            self._queues.pop(name, None)
            raise SqsError("QueueDoesNotExist", f"there is no queue {name}")
        kind = Queue if name.endswith(".fifo") else StandardQueue
        queue = self._queues.setdefault(name, kind(name, clock=self.clock))
        redrive = made.redrive_policy or {}
        dead = str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2]
        queue.visibility = int(made.visibility_timeout)
        queue.max_receives = int(redrive["maxReceiveCount"]) if dead else None
        if dead:
            _give_up_to(queue, self.queue(dead))
        return queue

    def names(self) -> list[str]:
        """Every queue that there is."""
        return list(_made())

    def answer(self, target: str, call: Call, role: str) -> Answer | None:
        """The answer to a call of the data plane; None where moto is to answer."""
        action = _ACTIONS.get(target)
        if action is None:
            return None
        try:
            queue = self.queue(str(call.parameters.get("QueueUrl", "")).rpartition("/")[2])
            return Answer(200, action(self, queue, call.parameters, role))
        except SqsError as error:
            return refusal(error)

    def _send(self, queue: AnyQueue, entry: Mapping[str, Any], role: str) -> dict[str, Any]:
        deduplication_id = str(entry.get("MessageDeduplicationId", ""))
        if self._faults.refuses_send(queue.name, role, deduplication_id):
            raise SqsError(UNAVAILABLE, "the service is unavailable; try again")
        if isinstance(queue, StandardQueue):
            return dict(_send_standard(queue, entry))
        if entry.get("DelaySeconds"):
            raise SqsError("InvalidParameterValue", "messages of FIFO queues have no DelaySeconds")
        group = str(entry.get("MessageGroupId", ""))
        body = str(entry["MessageBody"])
        if self._sends is None:
            return queue.send(body, group, deduplication_id)
        ahead = len(queue)
        taken = queue.send(body, group, deduplication_id)
        number = taken["SequenceNumber"]
        self._sends.taken(queue.name, group, deduplication_id, number, body, ahead=ahead)
        return taken

    def _send_batch(self, queue: AnyQueue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._send(queue, entry, role))

    def _receive(self, queue: AnyQueue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        visibility = given.get("VisibilityTimeout")
        messages = queue.receive(
            int(given.get("MaxNumberOfMessages", 1)),
            float(given.get("WaitTimeSeconds", 0)),
            None if visibility is None else int(visibility),
        )
        return {"Messages": messages} if messages else {}

    def _delete(self, queue: AnyQueue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        queue.delete(str(given["ReceiptHandle"]))
        return {}

    def _delete_batch(self, queue: AnyQueue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._delete(queue, entry, role))

    def _change(self, queue: AnyQueue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        queue.change_visibility(str(given["ReceiptHandle"]), int(given["VisibilityTimeout"]))
        return {}

    def _change_batch(self, queue: AnyQueue, given: Mapping[str, Any], role: str) -> dict[str, Any]:
        check_batch(list(given["Entries"]))
        return _each(given["Entries"], lambda entry: self._change(queue, entry, role))

    def _purge(self, queue: AnyQueue, _: Mapping[str, Any], __: str) -> dict[str, Any]:
        queue.purge()
        return {}

    def _attributes(self, queue: AnyQueue, given: Mapping[str, Any], _: str) -> dict[str, Any]:
        """moto's, with the numbers that only the queue itself knows."""
        every = {**_made()[queue.name].attributes, **queue.counts()}
        wanted = set(given.get("AttributeNames") or ())
        return {
            "Attributes": {
                name: str(value).lower() if isinstance(value, bool) else str(value)
                for name, value in every.items()
                if value is not None and wanted & {"All", name}
            }
        }


_ACTIONS: Mapping[str, Callable[[Sqs, AnyQueue, Mapping[str, Any], str], dict[str, Any]]] = {
    "SendMessage": Sqs._send,  # noqa: SLF001 - its own table
    "SendMessageBatch": Sqs._send_batch,  # noqa: SLF001
    "ReceiveMessage": Sqs._receive,  # noqa: SLF001
    "DeleteMessage": Sqs._delete,  # noqa: SLF001
    "DeleteMessageBatch": Sqs._delete_batch,  # noqa: SLF001
    "ChangeMessageVisibility": Sqs._change,  # noqa: SLF001
    "ChangeMessageVisibilityBatch": Sqs._change_batch,  # noqa: SLF001
    "GetQueueAttributes": Sqs._attributes,  # noqa: SLF001
    "PurgeQueue": Sqs._purge,  # noqa: SLF001
}


def _give_up_to(queue: AnyQueue, dead: AnyQueue) -> None:
    """SQS moves messages to a queue of the same type only."""
    if isinstance(queue, Queue) and isinstance(dead, Queue):  # noqa: SIM114 - each narrows
        queue.dead_letters = dead
    elif isinstance(queue, StandardQueue) and isinstance(dead, StandardQueue):
        queue.dead_letters = dead
    else:
        raise SqsError(
            "InvalidParameterValue", f"{queue.name} and its dead-letter queue are of two types"
        )


def _send_standard(queue: StandardQueue, entry: Mapping[str, Any]) -> Mapping[str, str]:
    if entry.get("MessageDeduplicationId"):
        raise SqsError("InvalidParameterValue", "a standard queue has no MessageDeduplicationId")
    delay = int(entry.get("DelaySeconds", 0))
    if not 0 <= delay <= LONGEST_DELAY:
        raise SqsError("InvalidParameterValue", "DelaySeconds is 0 to 900")
    return queue.send(str(entry["MessageBody"]), delay)


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
            ours = error.code != UNAVAILABLE
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": ours,
                    "Code": error.code,
                    "Message": str(error),
                }
            )
    return {"Successful": done, **({"Failed": failed} if failed else {})}


# What clients of SQS's older protocol call them; botocore prefers these names.
_OLDER = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "AccessDeniedException": "AccessDenied",
    **{
        code: f"AWS.SimpleQueueService.{code}"
        for code in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "TooManyEntriesInBatchRequest",
        )
    },
}


def refusal(error: SqsError) -> Answer:
    """An error as SQS answers it."""
    status = {UNAVAILABLE: 503, "AccessDeniedException": 403}.get(error.code, 400)
    body = {"__type": f"com.amazonaws.sqs#{error.code}", "message": str(error)}
    return Answer(status, body, _OLDER.get(error.code, error.code))


def _made() -> Mapping[str, Any]:
    """The queues as moto has them: made by CloudFormation, or by the operator."""
    from moto.sqs.models import sqs_backends

    queues: Mapping[str, Any] = sqs_backends[ACCOUNT][REGION].queues
    return queues
