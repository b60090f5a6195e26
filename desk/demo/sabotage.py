"""Promises broken on purpose: each in a copy of what is staged, never in the product.

A sabotage is one exact replacement. One that no longer applies fails, so that a demo which passes
cannot pass because nothing was broken.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from desk.laptop.assembly import read_assembly
from infra import bundling


class SabotageFailed(Exception):
    """A patch that does not apply; the message says which."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What a run is made of."""

    assembly: Path
    layer: Path
    reader: Path


@dataclass(frozen=True, slots=True)
class Sabotage:
    """`breaks` is the promise; `caught_as` the problems of which the demo must report one.

    It shows where the stream's reader is killed `stream_kills` times.
    """

    breaks: str
    caught_as: tuple[str, ...]
    apply: Callable[[Staged], None]
    stream_kills: int = 0


def staged_copy(assembly: Path, folder: Path) -> Staged:
    """A copy of an assembly, of the host's layer and of the reader's image, to be broken."""
    shutil.rmtree(folder, ignore_errors=True)
    bytecode = shutil.ignore_patterns("__pycache__")
    shutil.copytree(assembly, folder / "assembly", ignore=bytecode)
    target = bundling.host_target()
    # Only our code is patched; without its byte-code, which would hide the patch.
    for name, built, ours in (
        ("layer", bundling.layer(target), "python/switchboard"),
        ("reader", bundling.reader_tree(target), "functions"),
    ):
        shutil.copytree(built, folder / name, symlinks=True)
        for cached in (folder / name / ours).rglob("__pycache__"):
            shutil.rmtree(cached)
    return Staged(folder / "assembly", folder / "layer", folder / "reader")


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if text.count(old) != 1:
        raise SabotageFailed(
            f"{path.name} holds the lines to replace {text.count(old)} times, not once: the patch"
            " must follow the code"
        )
    path.write_text(text.replace(old, new))


def _in_layer(module: str, old: str, new: str) -> Callable[[Staged], None]:
    return lambda staged: _replace(staged.layer / "python" / "switchboard" / module, old, new)


def _in_function(module: str, old: str, new: str) -> Callable[[Staged], None]:
    def apply(staged: Staged) -> None:
        assets = set(read_assembly(staged.assembly).assets.values())
        found = [asset / "functions" / module for asset in assets]
        (path,) = (path for path in found if path.exists())
        _replace(path, old, new)

    return apply


def _in_reader(module: str, old: str, new: str) -> Callable[[Staged], None]:
    return lambda staged: _replace(staged.reader / "functions" / "stream_reader" / module, old, new)


def _without_statement(stack: str, role: str, *actions: str) -> Callable[[Staged], None]:
    """Remove the statement that allows these actions, and nothing else, from a template's role."""

    def apply(staged: Staged) -> None:
        (path,) = staged.assembly.glob(f"*-{stack}.template.json")
        template = json.loads(path.read_text())
        removed = 0
        for resource in template["Resources"].values():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            properties = resource["Properties"]
            if not str(properties.get("RoleName", "")).endswith(role):
                continue
            for policy in properties["Policies"]:
                statements = policy["PolicyDocument"]["Statement"]
                kept = [one for one in statements if one["Action"] != list(actions)]
                removed += len(statements) - len(kept)
                policy["PolicyDocument"]["Statement"] = kept
        if removed != 1:
            raise SabotageFailed(f"{removed} statements of {role} allow {actions}, not one")
        path.write_text(json.dumps(template))

    return apply


LEDGER = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query")
"""What a destination's role may do with the ledger, in one statement."""

SABOTAGES: Mapping[str, Sabotage] = {
    "ledger": Sabotage(
        "every claim answers that nobody has seen the delivery",
        ("stored twice",),
        _in_layer(
            "claiming.py",
            "        if found is None:\n            return decision\n        existing = found\n",
            "        return decision\n",
        ),
    ),
    "ack": Sabotage(
        "a webhook is answered with 2xx although SQS did not take it",
        ("lost",),
        _in_function(
            "receive_webhook/receiver.py",
            "        if refused is not None:\n",
            "        if False:\n",
        ),
    ),
    "stream-ack": Sabotage(
        "a frame of the stream is answered, and the mark moved, before SQS took it",
        ("lost",),
        _in_reader(
            "arrivals.py",
            "        self._forward(self._intake.message(frame, data, now), confirm)\n",
            "        confirm()\n"
            "        self._forward(self._intake.message(frame, data, now), lambda: None)\n",
        ),
        stream_kills=1,
    ),
    "order": Sabotage(
        "followers of a failed head go on",
        ("out of order",),
        _in_layer(
            "loop.py",
            "if not is_blocked and",
            "if record.message_id not in self._back and",
        ),
    ),
    "dedupe": Sabotage(
        "an event has another id on every arrival",
        ("stored twice",),
        _in_layer(
            "event.py",
            "    return digest(source, source_event_id)\n",
            "    import uuid\n\n    return digest(source, source_event_id, uuid.uuid4().hex)\n",
        ),
    ),
    "iam": Sabotage(
        "one statement of one role is missing",
        ("lost",),
        _without_statement("destination-pager", "to-pager-role", *LEDGER),
    ),
}
