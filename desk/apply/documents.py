"""Documents in files: JSON with // comments, and `cases` that only tests read."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDERS = ("sources", "destinations", "mappings", "timers", "policies")

_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*')


class DocumentError(Exception):
    """A file that is no document; the message names it and says why."""


def read_documents(folder: Path) -> Mapping[str, str]:
    """Every document under `folder` by its name ("destinations/crm"), as SSM is to hold it.

    Comments and `cases` are taken out, and white space with them.

    Raises:
        DocumentError: a file is not JSON, or no object.
    """
    found: dict[str, str] = {}
    for kind in FOLDERS:
        for path in sorted((folder / kind).glob("*.json")):
            found[f"{kind}/{path.stem}"] = stripped(path.read_text(), f"{kind}/{path.name}")
    return found


def stripped(text: str, name: str) -> str:
    """One document's text without comments, `cases` and white space."""
    try:
        document: Any = json.loads(without_comments(text))
    except ValueError as error:
        raise DocumentError(f"{name}: it is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{name}: it is JSON, but no object")
    document.pop("cases", None)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def without_comments(text: str) -> str:
    """A document's text as plain JSON, with everything where it was."""
    return _STRING_OR_COMMENT.sub(_kept, text)


def _kept(match: "re.Match[str]") -> str:
    """Strings stay, comments become as many spaces, so that errors name the right column."""
    text = match.group()
    return text if text.startswith('"') else " " * len(text)
