"""Every destination under the contract; and for each clause, one that breaks it and no other."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from pydantic import Field

from functions.to_s3.request import S3Destination
from functions.to_s3.settings import S3DeployTime, S3Document
from functions.to_s3.spec import SPEC as S3
from functions.to_slack.request import SlackDestination
from functions.to_slack.settings import SlackDeployTime, SlackDocument
from functions.to_slack.spec import SPEC as SLACK
from functions.to_webhook.request import WebhookDestination
from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from functions.to_webhook.spec import SPEC as WEBHOOK
from infra.catalogue import destination_kinds
from switchboard.aws.objects import S3Objects
from switchboard.destination import Delivery, Destination, Receipt
from switchboard.errors import (
    ConfigurationError,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.http import Answer
from switchboard.testing.contract import CLAUSES, SECRET_TEXT, Subject, broken_clauses
from switchboard.testing.stand_in import Arrived, Reply

HTML = Reply(200, {"Content-Type": "text/html"}, "<html>log in</html>")
SECRETS = ({"signing_secret": f"whsec_{SECRET_TEXT}"},)


def webhook(url: str, kind: Callable[..., Destination] = WebhookDestination) -> Destination:
    document = WebhookDocument(url=url)
    return kind(document, lambda: SECRETS, WebhookDeployTime(private_hosts=("127.0.0.1",)))


def webhook_key(arrived: Arrived) -> str:
    return arrived.headers["webhook-id"]


WEBHOOK_SUBJECT = Subject(
    spec=WEBHOOK,
    make=webhook,
    key_of=webhook_key,
    answers={
        Rejected: (Reply(400), Reply(404), Reply(422), Reply(501)),
        CredentialsRefused: (Reply(401), Reply(403), Reply(407)),
        ConfigurationError: (
            Reply(410),
            Reply(302, {"Location": "https://example.com"}),
        ),
        Unavailable: (Reply(408), Reply(503)),
        RateLimited: (
            Reply(429),
            Reply(429, {"Retry-After": "60"}),
            Reply(503, {"Retry-After": "60"}),
        ),
        OutcomeUnknown: (Reply(500), Reply(502), Reply(504)),
    },
    limited=Reply(429, {"Retry-After": "60"}),
    failure_under_200=HTML,
    largest_request=256 * 1024,
)


def s3(url: str) -> Destination:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET_TEXT,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=2,
            s3={"addressing_style": "path"},
        ),
    )
    return S3Destination(S3Document(), S3DeployTime(bucket="a-bucket"), S3Objects(client))


def s3_error(status: int, code: str) -> Reply:
    return Reply(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>")


S3_SUBJECT = Subject(
    spec=S3,
    make=s3,
    key_of=lambda arrived: arrived.path,
    answers={
        Rejected: (s3_error(400, "InvalidRequest"),),
        ConfigurationError: (s3_error(403, "AccessDenied"), s3_error(404, "NoSuchBucket")),
        Unavailable: (s3_error(503, "SlowDown"), s3_error(409, "ConditionalRequestConflict")),
        OutcomeUnknown: (s3_error(500, "InternalError"),),
    },
    limited=None,
    failure_under_200=None,
    largest_request=5 * 1024**3,
    left_out={
        "honours_retry_after": "S3 slows its callers down by 503 SlowDown, without a time",
        "sees_a_failure_under_200": "a PUT of S3's has no failure under 200",
    },
)


def slack(url: str, **document: Any) -> Destination:
    secret = {"bot_token": f"xoxb-{SECRET_TEXT}", "webhook_url": f"{url}/services/{SECRET_TEXT}"}
    return SlackDestination(
        SlackDocument.model_validate(document),
        lambda: (secret,),
        SlackDeployTime(api_url=f"{url}/api", private_hosts=("127.0.0.1",)),
    )


def slack_reply(error: str = "", status: int = 200, **headers: str) -> Reply:
    body = {"ok": False, "error": error} if error else {"ok": True, "ts": "1790000000.000100"}
    return Reply(status, {"Content-Type": "application/json", **headers}, json.dumps(body))


SLACK_SUBJECT = Subject(
    spec=SLACK,
    make=lambda url: slack(url, channel="C0123456789"),
    key_of=lambda arrived: json.loads(arrived.body)["metadata"]["event_payload"]["key"],
    answers={
        Rejected: tuple(map(slack_reply, ("invalid_blocks", "msg_too_long", "no_text"))),
        CredentialsRefused: tuple(
            map(slack_reply, ("invalid_auth", "token_revoked", "account_inactive"))
        ),
        ConfigurationError: tuple(
            map(slack_reply, ("channel_not_found", "not_in_channel", "is_archived"))
        ),
        Unavailable: (slack_reply("service_unavailable"), Reply(503)),
        RateLimited: (
            slack_reply("ratelimited"),
            slack_reply("ratelimited", 429, **{"Retry-After": "60"}),
        ),
        OutcomeUnknown: (slack_reply("internal_error"), Reply(500), Reply(502), Reply(200)),
    },
    limited=slack_reply("ratelimited", 429, **{"Retry-After": "60"}),
    failure_under_200=slack_reply("fatal_error"),
    largest_request=1024 * 1024,
    taken=slack_reply(),
)

SLACK_WEBHOOK_SUBJECT = replace(
    SLACK_SUBJECT,
    make=lambda url: slack(url, credential="webhook_url"),
    # A webhook takes no metadata: only the message itself tells two deliveries apart.
    key_of=lambda arrived: arrived.body.decode(),
    answers={
        Rejected: (Reply(400, body="invalid_payload"), Reply(400, body="no_text")),
        ConfigurationError: (
            Reply(403, body="action_prohibited"),
            Reply(404, body="no_service"),
            Reply(410, body="channel_is_archived"),
        ),
        Unavailable: (Reply(503),),
        RateLimited: (Reply(429, {"Retry-After": "60"}, "rate_limited"),),
        OutcomeUnknown: (Reply(500, body="rollup_error"), HTML),
    },
    limited=Reply(429, {"Retry-After": "60"}, "rate_limited"),
    failure_under_200=HTML,
    taken=Reply(body="ok"),
)

SUBJECTS = {
    "webhook": WEBHOOK_SUBJECT,
    "s3": S3_SUBJECT,
    "slack": SLACK_SUBJECT,
    "slack by webhook": SLACK_WEBHOOK_SUBJECT,
}


def test_every_kind_is_under_contract() -> None:
    assert {subject.spec.kind for subject in SUBJECTS.values()} == set(destination_kinds())


@pytest.mark.parametrize(
    ("kind", "clause"),
    [(k, c) for k, subject in SUBJECTS.items() for c in CLAUSES if c not in subject.left_out],
)
def test_a_destination_keeps_the_clause(kind: str, clause: str) -> None:
    CLAUSES[clause](SUBJECTS[kind])


class SendsTwice(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        super().send(delivery)
        return super().send(delivery)


class CallsEveryRefusalPassing(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except ConfigurationError as error:
            raise Unavailable(str(error)) from None


class CallsNoConnectionUnknown(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except Unavailable as error:
            if "no connection" in str(error):
                raise OutcomeUnknown(str(error)) from None
            raise


class CallsALostAnswerClean(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except OutcomeUnknown as error:
            if "no answer" in str(error):
                raise Unavailable(str(error)) from None
            raise


class ForgetsRetryAfter(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except RateLimited as error:
            raise RateLimited(str(error), retry_after=None) from None


class BelievesEvery200(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except OutcomeUnknown as error:
            if "HTML" in str(error):
                return Receipt()
            raise


class GivesUpAfterOneRefusal(WebhookDestination):
    refused = False

    def send(self, delivery: Delivery) -> Receipt:
        if self.refused:
            raise Rejected("refused before")
        try:
            return super().send(delivery)
        except Rejected:
            self.refused = True
            raise


class MakesANewKeyEachTime(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        return super().send(replace(delivery, key=f"{delivery.key}_{delivery.attempt}"))


class SendsTooMuch(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        padded = {**delivery.output, "padding": "x" * 300_000}
        return super().send(replace(delivery, output=padded))


class TellsItsSecret(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        try:
            return super().send(delivery)
        except Rejected as error:
            raise Rejected(f"{error} with {SECRETS[0]}") from None


class KnowsItsFields(WebhookDestination):
    def send(self, delivery: Delivery) -> Receipt:
        if "brand_new" in delivery.event.data:
            raise KeyError("brand_new")
        return super().send(delivery)


class SendsWhatItChecks(WebhookDestination):
    def check(self, delivery: Delivery) -> bytes:
        self.send(delivery)
        return super().check(delivery)


BROKEN: dict[str, type[WebhookDestination]] = {
    "delivers_once_on_success": SendsTwice,
    "checks_without_sending": SendsWhatItChecks,
    "names_each_refusal": CallsEveryRefusalPassing,
    "knows_when_nothing_was_sent": CallsNoConnectionUnknown,
    "owns_up_to_an_unknown_outcome": CallsALostAnswerClean,
    "honours_retry_after": ForgetsRetryAfter,
    "sees_a_failure_under_200": BelievesEvery200,
    "one_of_ten_fails_alone": GivesUpAfterOneRefusal,
    "repeats_under_the_same_key": MakesANewKeyEachTime,
    "stays_within_the_vendors_limit": SendsTooMuch,
    "shows_no_secret": TellsItsSecret,
    "unknown_fields_do_no_harm": KnowsItsFields,
}


@pytest.mark.parametrize("clause", BROKEN)
def test_what_breaks_a_clause_breaks_that_one_alone(clause: str) -> None:
    broken = replace(WEBHOOK_SUBJECT, make=lambda url: webhook(url, BROKEN[clause]))
    assert broken_clauses(broken) == [clause]


def test_a_document_that_does_not_name_a_missing_setting_is_found() -> None:
    class ForgetfulDocument(WebhookDocument):
        url: str = Field(default="https://example.com", min_length=3)
        other: str

        @classmethod
        def model_validate(cls, obj: Any, **more: Any) -> Any:
            return super().model_validate({"other": "", "url": "", **obj}, **more)

    spec = replace(WEBHOOK, document=ForgetfulDocument)
    assert broken_clauses(replace(WEBHOOK_SUBJECT, spec=spec)) == ["names_a_missing_setting"]


def test_every_clause_has_something_that_breaks_it() -> None:
    assert set(BROKEN) | {"names_a_missing_setting"} == set(CLAUSES)


def test_an_answer_is_quoted_without_what_looks_like_a_secret() -> None:
    body = b'{"error": "no", "api_key": "abc123", "Authorization": "Bearer xyz789"}\x00\xff'
    quote = Answer(400, {}, body * 9).quote
    assert "abc123" not in quote
    assert "xyz789" not in quote
    assert quote.isprintable()
    assert len(quote) <= 300
