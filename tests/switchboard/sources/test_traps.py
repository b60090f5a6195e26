"""The traps that 8x8's pages and samples set, one test for each."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError
from switchboard.event import Event, utc_text
from switchboard.sources import KINDS
from switchboard.sources.contact_center_document import SourceRule
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.stream import stream_event
from switchboard.sources.stream_document import StreamDocument
from switchboard.sources.tenant import UNSAID, Tenant

PUBLISHED = datetime(2026, 9, 1, 12, tzinfo=UTC)
GB = SourceRule(region="GB").tenant


def read(payload: dict[str, Any], tenant: Tenant = UNSAID) -> Event:
    body = json.dumps(payload)
    received = stream_event("cc", body.encode(), PUBLISHED)
    raw = Raw(kind="stream", body=body, received_at=utc_text(PUBLISHED))
    return KINDS["stream"].normalise(received.event, raw, tenant)


def interaction(tenant: Tenant = UNSAID, **fields: Any) -> Any:
    return read({"Interaction": {"event": "InteractionQueued", **fields}}, tenant).data


def attached(tenant: Tenant = UNSAID, **pairs: Any) -> Any:
    data = [{"attachedDataKey": key, "attachedDataValue": value} for key, value in pairs.items()]
    return interaction(tenant, attachedData={"attachedDatum": data})


def status(tenant: Tenant = UNSAID, **fields: Any) -> Any:
    return read({"AgentStatusChange": fields}, tenant).data["agent_status"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"dispositionCode": 1000}, {"dispositionCode": "1000"}),
        ({"isQueued": True}, {"isQueued": "true"}),
        ({"priority": 75}, {"priority": "75"}),
        ({"queueId": 42}, {"queueId": "42"}),
        ({"resourceType": 2}, {"resourceType": "2"}),
        ({"rejectReason": 1}, {"rejectReason": "1"}),
    ],
)
def test_types_float_per_value(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = interaction(**one), interaction(**other)
    del first["details"], second["details"]
    assert first == second
    (said,) = ({name for name, value in first.items() if value} - {"event", "attached"},)
    assert said, "neither form was understood"


def test_a_code_with_leading_zeros_keeps_them() -> None:
    assert interaction(dispositionCode="0042")["disposition"] == "0042"


def test_status_is_a_boolean_of_a_line_and_a_word_of_a_recording() -> None:
    assert interaction(event="LineHoldStatus", status="true")["held"] is True
    assert interaction(event="RecordingStatus", status="pause")["recording"] == "pause"
    assert interaction(event="RecordingStatus", status=True)["held"] is None


def test_event_ts_is_when_it_was_offered_and_never_the_events_time() -> None:
    times = {"eventTS": 1788250210, "interactionEventTS": 1788250530}
    event = read({"Interaction": {"event": "InteractionDeleted", **times}})
    assert utc_text(event.time) == "2026-09-01T08:15:30.000Z"
    info = {"msgInfo": {"timestamp": 1788250531188}}
    event = read({"Interaction": {"event": "GuestChatEnd", "eventTS": 1788250210, **info}})
    assert utc_text(event.time) == "2026-09-01T08:15:31.188Z"
    event = read({"Interaction": {"event": "InteractionDeleted", "eventTS": 1788250210}})
    assert event.time == PUBLISHED


@pytest.mark.parametrize(
    "shape",
    [
        {"attachedDatum": [{"attachedDataKey": "tok", "attachedDataValue": 7}]},
        {"attachedDatum": {"attachedDataKey": "tok", "attachedDataValue": "7"}},
        [{"attachedDataKey": "tok", "attachedDataValue": "7"}],
    ],
)
def test_attached_data_is_a_list_or_an_object(shape: Any) -> None:
    assert interaction(attachedData=shape)["attached"] == {"tok": "7"}


@pytest.mark.parametrize("written", ["ag1,ag2", "ag1;ag2", "[ag1, ag2]", ["ag1", "ag2"]])
def test_lists_have_commas_or_semicolons(written: Any) -> None:
    assert interaction(participatingAgents=written)["participants"] == ["ag1", "ag2"]


@pytest.mark.parametrize("written", [12025550123, "12025550123", "+12025550123", "2025550123"])
def test_a_telephone_number_may_have_become_a_number(written: Any) -> None:
    assert attached(phoneNum=written)["customer"]["phone"] == "+12025550123"
    assert interaction(inboundChannelid=written)["dialled"]["phone"] == "+12025550123"
    assert interaction(agentTreatedPhone=written)["agent_phone"]["phone"] == "+12025550123"


@pytest.mark.parametrize(
    ("written", "reason", "extension"),
    [
        ("anonymous", "withheld", None),
        (1001, "extension", "1001"),
        (911, "short_code", None),
        ("sip:ann@pbx.example", "sip_address", None),
        (15550100123, "invalid", None),
    ],
)
def test_what_is_no_number_never_becomes_one(written: Any, reason: str, extension: Any) -> None:
    text = str(written)
    customer = attached(remotePhoneNum=written)["customer"]
    assert customer == {
        "phone": None, "phone_extension": extension, "phone_reason": reason,
        "phone_written": text, "name": None, "email": None,
    }  # fmt: skip
    expected = {"phone": None, "extension": extension, "reason": reason, "written": text}
    assert interaction(inboundChannelid=written)["dialled"] == expected
    assert interaction(agentPhone=written)["agent_phone"] == expected


def test_sip_and_tel_are_taken_off_and_an_extension_is_kept_apart() -> None:
    customer = attached(remotePhoneNum="tel:+12025550123;ext=12")["customer"]
    assert (customer["phone"], customer["phone_extension"]) == ("+12025550123", "12")
    found = interaction(agentTreatedPhone="sip:12025550123@pbx.example")["agent_phone"]
    assert found["phone"] == "+12025550123"


def test_a_number_without_its_plus_is_one_of_the_tenants_country() -> None:
    assert attached(GB, phoneNum=442079460958)["customer"]["phone"] == "+442079460958"
    assert attached(GB, phoneNum="02079460958")["customer"]["phone"] == "+442079460958"
    assert attached(phoneNum="02079460958")["customer"]["phone_reason"] == "invalid"


def test_a_channel_that_is_no_number_is_none() -> None:
    found = interaction(inboundChannelid="web-chat-1", mediaType="chat")
    assert (found["channel"], found["dialled"]) == ("web-chat-1", None)
    assert interaction(inboundChannelid="N/A")["dialled"] is None


def test_an_agents_telephone_is_the_one_that_can_be_called() -> None:
    both = interaction(agentPhone="0123", agentTreatedPhone=12025550199)
    assert both["agent_phone"]["phone"] == "+12025550199"
    neither = interaction(agentPhone="0123", agentTreatedPhone="0123456")
    assert neither["agent_phone"]["extension"] == "0123"


def test_new_state_has_two_meanings_and_the_document_chooses() -> None:
    named = {
        choice: [
            status(SourceRule(agent_states=choice).tenant, newState=code)["state_name"]
            for code in (0, "1", 4, 5)
        ]
        for choice in ("api", "streaming")
    }
    assert named == {
        "api": ["unknown", "logged_out", "available", "working_offline"],
        "streaming": ["logged_out", "logged_in", None, "available"],
    }
    own = SourceRule.model_validate({"agent_states": {"5": "lunch"}}).tenant
    assert status(own, newState=5)["state_name"] == "lunch"
    assert status(newState=5)["state_name"] == "working_offline"
    assert status(newState=99) == {
        "state": "99", "state_name": None, "substate": None, "substate_reason": None,
        "reason": None,
    }  # fmt: skip


def test_an_event_without_an_id_gets_one_that_stays() -> None:
    def identity(**fields: Any) -> tuple[str, bool]:
        event = read({"AgentStatusChange": {"agentId": "ag1", **fields}})
        return event.id, event.weakid

    assert identity(newState=5, msgInfo={}) == identity(newState=5, msgInfo={})
    assert identity(newState=5, msgInfo={}) != identity(newState=4, msgInfo={})
    info = {"instanceId": "n1", "sequenceId": 7, "timestamp": 1788250530188}
    quoted = {name: str(value) for name, value in info.items()}
    assert identity(newState=5, msgInfo=info) == identity(newState="5", msgInfo=quoted)
    assert identity(msgInfo=info)[1] is False


@pytest.mark.parametrize("model", [StreamDocument, SapiDocument])
def test_a_document_names_a_country_that_there_is(model: Any) -> None:
    place = {"host": "ws.example", "cluster": "vcc.example", "tenant": "t", "subscription": "s"}
    given = {name: value for name, value in place.items() if name in model.model_fields}
    if model is StreamDocument:
        del given["subscription"]
    assert model.model_validate({**given, "region": "GB"}).region == "GB"
    for wrong in ("UK", "gb", "44"):
        with pytest.raises(ValidationError):
            model.model_validate({**given, "region": wrong})
    assert model.model_validate({**given, "agent_states": {"7": "talking"}}).agent_states
    with pytest.raises(ConfigurationError, match="agent_states"):
        parse_document(model, "sources/cc", json.dumps({**given, "agent_states": "both"}))


def test_the_router_reads_the_tenant_of_any_source() -> None:
    text = json.dumps({"host": "ws.example", "region": "GB", "agent_states": "streaming"})
    tenant = parse_document(SourceRule, "sources/cc", text).tenant
    assert (tenant.region, tenant.states["5"]) == ("GB", "available")
    assert parse_document(SourceRule, "sources/meetings", "{}").tenant == UNSAID
