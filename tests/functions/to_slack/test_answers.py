"""Each answer of Slack's by what it means."""

import json

import pytest

from functions.to_slack.answers import ThreadGone, posted, raise_for_webhook
from switchboard.errors import (
    ConfigurationError,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    SwitchboardError,
    Unavailable,
)
from switchboard.http import Answer

ERRORS: dict[str, type[SwitchboardError]] = {
    "invalid_auth": CredentialsRefused,
    "not_authed": CredentialsRefused,
    "token_revoked": CredentialsRefused,
    "token_expired": CredentialsRefused,
    "account_inactive": CredentialsRefused,
    "missing_scope": CredentialsRefused,
    "ratelimited": RateLimited,
    "rate_limited": RateLimited,
    "service_unavailable": Unavailable,
    "request_timeout": Unavailable,
    "internal_error": OutcomeUnknown,
    "fatal_error": OutcomeUnknown,
    "msg_too_long": Rejected,
    "no_text": Rejected,
    "invalid_blocks": Rejected,
    "what_nobody_knows": Rejected,
    "thread_not_found": ThreadGone,
}
CHANNEL_ERRORS = ("channel_not_found", "not_in_channel", "is_archived", "restricted_action")
WEBHOOK: dict[tuple[int, str], type[SwitchboardError]] = {
    (400, "invalid_payload"): Rejected,
    (400, "no_text"): Rejected,
    (403, "action_prohibited"): ConfigurationError,
    (403, "invalid_token"): ConfigurationError,
    (404, "no_service"): ConfigurationError,
    (404, "channel_not_found"): ConfigurationError,
    (410, "channel_is_archived"): ConfigurationError,
    (429, "rate_limited"): RateLimited,
    (500, "rollup_error"): OutcomeUnknown,
    (503, ""): Unavailable,
    (200, "<html>"): OutcomeUnknown,
    (200, ""): OutcomeUnknown,
}


def failure(code: str) -> Answer:
    body = json.dumps({"ok": False, "error": code}).encode()
    return Answer(200, {"retry-after": "7"}, body)


@pytest.mark.parametrize(("code", "meant"), ERRORS.items())
def test_a_failure_under_200_is_what_its_body_says(
    code: str, meant: type[SwitchboardError]
) -> None:
    with pytest.raises(SwitchboardError) as raised:
        posted(failure(code), channel_is_fixed=True)
    assert type(raised.value) is meant
    assert code in str(raised.value)


@pytest.mark.parametrize("code", CHANNEL_ERRORS)
def test_a_channel_that_takes_nothing_is_the_fault_of_whoever_named_it(code: str) -> None:
    with pytest.raises(ConfigurationError, match="channel"):
        posted(failure(code), channel_is_fixed=True)
    with pytest.raises(Rejected):
        posted(failure(code), channel_is_fixed=False)


def test_the_time_to_wait_is_passed_on() -> None:
    with pytest.raises(RateLimited) as raised:
        posted(failure("ratelimited"), channel_is_fixed=True)
    assert raised.value.retry_after == 7


@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'{"ok": 1}', b"<html>", b'{"ok": "true"}'])
def test_what_is_no_answer_of_the_api_leaves_the_outcome_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        posted(Answer(200, {}, body), channel_is_fixed=True)


@pytest.mark.parametrize(("answer", "meant"), WEBHOOK.items())
def test_a_webhook_answers_in_words(answer: tuple[int, str], meant: type[SwitchboardError]) -> None:
    with pytest.raises(SwitchboardError) as raised:
        raise_for_webhook(Answer(answer[0], {}, answer[1].encode()))
    assert type(raised.value) is meant


def test_a_webhook_that_says_ok_took_it() -> None:
    raise_for_webhook(Answer(200, {}, b"ok"))
