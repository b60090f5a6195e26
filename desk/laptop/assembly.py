"""cdk.out as it is read: the stacks in their order, and the staged asset of each S3 key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class StagedStack:
    """A stack's template, as text and read."""

    name: str
    text: str
    template: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assembly:
    """What one synthesis made."""

    stacks: Sequence[StagedStack]
    assets: Mapping[str, Path]
    """Folder by the S3 key that templates know it by."""

    images: Mapping[str, Path]
    """Folder that an image is built from, by the image's tag."""


def read_assembly(folder: Path) -> Assembly:
    """Read the cloud assembly in `folder`; the core stack comes first."""
    stacks: list[StagedStack] = []
    assets: dict[str, Path] = {}
    images: dict[str, Path] = {}
    for path in sorted(folder.glob("*.template.json")):
        text = path.read_text()
        stacks.append(StagedStack(path.name.removesuffix(".template.json"), text, json.loads(text)))
    for path in folder.glob("*.assets.json"):
        manifest = json.loads(path.read_text())
        for image in manifest.get("dockerImages", {}).values():
            for destination in image["destinations"].values():
                images[destination["imageTag"]] = folder / image["source"]["directory"]
        for asset in manifest["files"].values():
            if asset["source"]["packaging"] != "zip":
                continue
            staged = folder / asset["source"]["path"]
            for destination in asset["destinations"].values():
                assets[destination["objectKey"]] = staged
    stacks.sort(key=lambda stack: (not stack.name.endswith("-core"), stack.name))
    return Assembly(stacks, assets, images)
