import pytest

from switchboard.sources import KINDS, WEBHOOK_KINDS, SourceDocument, WebhookDocument

SIGNED = ["hmac", "jaas", "standard_webhooks"]
REPEATED = ["connect_chat_apps", "connect_sms"]

each_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def test_the_kinds_of_this_release() -> None:
    assert sorted(KINDS) == sorted([*SIGNED, *REPEATED, "sapi", "stream"])


@each_kind
def test_a_kind_is_found_under_its_name(kind: str) -> None:
    assert KINDS[kind].kind == kind
    assert KINDS[kind].summary.endswith(".")
    assert KINDS[kind].documentation.startswith("https://")


@each_kind
def test_documents_are_strict_and_every_field_is_described(kind: str) -> None:
    document = KINDS[kind].document
    assert issubclass(document, SourceDocument)
    assert document.model_config.get("extra") == "forbid"
    assert document.model_config.get("frozen") is True
    assert [name for name, field in document.model_fields.items() if not field.description] == []
    assert document.model_json_schema()["additionalProperties"] is False


@each_kind
def test_a_kind_says_what_its_secret_holds(kind: str) -> None:
    read = {"stream": ("key",), "sapi": ("username", "token")}
    sent = ("authorization",) if kind in REPEATED else ("signing_secret",)
    assert KINDS[kind].secret_fields == read.get(kind, sent)
    assert (kind in WEBHOOK_KINDS) is (kind not in read)


def test_webhooks_are_the_kinds_that_verify() -> None:
    assert sorted(WEBHOOK_KINDS) == sorted([*SIGNED, *REPEATED])
    for kind, webhook in WEBHOOK_KINDS.items():
        assert KINDS[kind] is webhook
        assert issubclass(webhook.document, WebhookDocument)
        assert webhook.secret_fields == (webhook.secret_field,)


def test_only_documents_of_kinds_that_sign_have_a_tolerance() -> None:
    for kind, webhook in WEBHOOK_KINDS.items():
        assert ("tolerance_seconds" in webhook.document.model_fields) is (kind in SIGNED)
