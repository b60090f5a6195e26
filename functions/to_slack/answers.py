"""What Slack's answers mean, which say `ok: false` under 200.

https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

import json
from collections.abc import Mapping
from typing import Any

from switchboard.errors import (
    ConfigurationError,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.http import Answer, raise_for_answer
from switchboard.http.answers import retry_after

CREDENTIALS = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
    | {"not_allowed_token_type", "no_permission", "missing_scope", "org_login_required"}
    | {"access_denied", "ekm_access_denied", "team_access_not_granted"}
    | {"enterprise_is_restricted", "two_factor_setup_required"}
)
"""Nothing can be sent with this token: the destination waits for whoever corrects it."""

CHANNELS = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "restricted_action"}
    | {"restricted_action_read_only_channel", "restricted_action_thread_only_channel"}
    | {"restricted_action_non_threadable_channel", "channel_type_not_supported"}
)
"""This channel takes nothing: the destination's fault where its document names the channel, else
the event's, which must not stop the others."""

THREADS = frozenset({"thread_not_found", "cannot_reply_to_message", "invalid_thread_ts"})
"""The thread's first message is gone."""

LIMITED = frozenset({"ratelimited", "rate_limited"})
PASSING = frozenset({"service_unavailable", "request_timeout", "team_added_to_org"})
"""Slack did not take the request up."""

UNKNOWN = frozenset({"internal_error", "fatal_error"})
"""Slack says itself that part of the operation may have succeeded before it failed."""

WEBHOOK_IS_GONE = frozenset(
    {"no_service", "no_service_id", "no_team", "team_disabled", "invalid_token", "user_not_found"}
    | {"action_prohibited", "channel_not_found", "channel_is_archived", "no_active_hooks"}
    | {"posting_to_general_channel_denied"}
)
"""A webhook stands for one channel: what is wrong with it is wrong for every event."""


class ThreadGone(Rejected):
    """The thread cannot be written to any more; the channel can."""


def posted(answer: Answer, *, channel_is_fixed: bool) -> Mapping[str, Any]:
    """The body of a method that went well.

    `channel_is_fixed`: the document names the channel, and not the event.

    Raises:
        SwitchboardError: what Slack's answer means.
    """
    raise_for_answer(answer)
    body = _body(answer)
    if body.get("ok") is True:
        return body
    code = body.get("error")
    if not isinstance(code, str):
        raise OutcomeUnknown(
            "Slack answered 200 with something that is no answer of its API", answer=answer.quote
        )
    raise _meant(code, answer, channel_is_fixed=channel_is_fixed)


def _meant(code: str, answer: Answer, *, channel_is_fixed: bool) -> Exception:
    said, quote = f"Slack answered {code[:60]}", answer.quote
    if code in LIMITED:
        return RateLimited(said, retry_after=retry_after(answer), answer=quote)
    if code in PASSING:
        return Unavailable(said, answer=quote)
    if code in UNKNOWN:
        return OutcomeUnknown(f"{said}: it may or may not have posted it", answer=quote)
    if code in CREDENTIALS:
        return CredentialsRefused(
            f"{said}: the token is refused or lacks a scope; correct the app in Slack, or run"
            " `switchboard secrets set`"
        )
    if code in CHANNELS and channel_is_fixed:
        return ConfigurationError(
            f"{said}: correct `channel` in the document, or invite the bot to it"
        )
    return (ThreadGone if code in THREADS else Rejected)(said, answer=quote)


def _body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def raise_for_webhook(answer: Answer) -> None:
    """Nothing where an incoming webhook took a message, else what its plain text means.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling-errors
    """
    words = answer.body.decode("utf-8", "replace").strip()
    if words in WEBHOOK_IS_GONE:
        raise ConfigurationError(
            f"Slack answered {answer.status} {words}: the webhook or its channel is gone; make a"
            " new one and run `switchboard secrets set`"
        )
    raise_for_answer(answer)
    if words != "ok":
        raise OutcomeUnknown(
            "Slack answered 200 with something that is no webhook's answer", answer=answer.quote
        )
