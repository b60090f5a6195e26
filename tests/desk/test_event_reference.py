"""The documents about events are what their dialects demand, and describe what really travels."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from desk.event_reference import DIALECT, asyncapi, event_pages, schemas
from switchboard.catalogue import CATALOGUE
from switchboard.envelope import Raw
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event
from tests.switchboard.catalogue.payloads import AT, EVENTS, RECEIVED, normalised

REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(dict(schema), default_specification=DRAFT202012))
    for name, schema in schemas().items()
)
DOCUMENT = json.loads(json.dumps(asyncapi()))


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for one in value for found in references(one)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for one in value.values() for found in references(one)]


def resolved(pointer: str) -> Any:
    found: Any = DOCUMENT
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part]
    return found


def message_schema(name: str) -> dict[str, Any]:
    return {
        **DOCUMENT["components"]["messages"][name]["payload"],
        "components": DOCUMENT["components"],
    }


def test_every_type_has_a_schema_and_a_row() -> None:
    pages = event_pages(Path("reference"))
    page = pages[Path("reference/events.md")]
    for one in CATALOGUE:
        assert f"`{one.name}`" in page
        assert (
            json.loads(pages[Path(f"reference/schemas/events/{one.key}.json")])["$schema"]
            == DIALECT
        )


def test_the_schemas_are_schemas() -> None:
    for schema in schemas().values():
        Draft202012Validator.check_schema(schema)


def test_asyncapi_has_what_its_specification_demands() -> None:
    """https://www.asyncapi.com/docs/reference/specification/v3.0.0."""
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert "messages" in resolved(operation["channel"]["$ref"])
    for name, message in DOCUMENT["components"]["messages"].items():
        assert DOCUMENT["channels"]["events"]["messages"][name] == {
            "$ref": f"#/components/messages/{name}"
        }
        Draft202012Validator.check_schema(message["payload"])
    found = references(DOCUMENT)
    assert len(found) > 2 * len(CATALOGUE) - 5
    for reference in found:
        assert resolved(reference)


@pytest.mark.parametrize("path", sorted((EVENTS / "stream").glob("*.json")), ids=lambda p: p.stem)
def test_a_sample_is_what_the_documents_say(path: Path) -> None:
    event = normalised("stream", path.read_text()).model_dump(mode="json")
    Draft202012Validator(message_schema(event["type"])).validate(event)
    schema = {"$ref": f"{event['type']}.json"}
    validator = Draft202012Validator(schema, registry=REGISTRY)
    validator.validate(event["data"])
    assert not validator.is_valid({**event["data"], "queued": "perhaps"})


def test_lone_surrogates_are_described_as_well() -> None:
    body = '{"Interaction": {"event": "InteractionQueued", "agentNotes": "\\ud800"}}'
    received = stream_event("cc", body.encode(), AT)
    event = KINDS["stream"].normalise(
        received.event, Raw(kind="stream", body=body, received_at=RECEIVED)
    )
    assert event.data["notes"] == "\ud800"
    Draft202012Validator({"$ref": "interaction.queued.json"}, registry=REGISTRY).validate(
        event.data
    )


def test_the_page_says_that_no_event_has_a_sentiment() -> None:
    assert "No event of a source has a sentiment" in event_pages(Path())[Path("events.md")]
    assert not [
        field for one in CATALOGUE for field in one.data.model_fields if "sentiment" in field
    ]
