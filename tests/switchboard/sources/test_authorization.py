from collections.abc import Sequence

import pytest

from switchboard.errors import ConfigurationError
from switchboard.sources import WEBHOOK_KINDS, Doubt, Request, SignatureRefused
from switchboard.sources.authorization import AuthorizationKind
from switchboard.sources.connect import ConnectDocument

SMS = WEBHOOK_KINDS["connect_sms"]
SECRET = "Basic c3dpdGNoYm9hcmQ6cGFzc3dvcmQ="
BEFORE = "Bearer the-one-before"


def verify(*headers: tuple[str, str], secrets: Sequence[str] = (SECRET,)) -> float | None:
    return SMS.verify(Request(headers, b"{}"), secrets, ConnectDocument(), 0.0)


def refused(*headers: tuple[str, str], secrets: Sequence[str] = (SECRET,)) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as error:
        verify(*headers, secrets=secrets)
    assert SECRET not in str(error.value)
    for _, value in headers:
        assert not value.strip() or value not in str(error.value)
    return error.value


def test_both_products_of_connect_are_known_by_their_authorization() -> None:
    for kind in ("connect_sms", "connect_chat_apps"):
        assert isinstance(WEBHOOK_KINDS[kind], AuthorizationKind)


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_the_whole_value_is_the_secret_and_no_time_is_signed(name: str) -> None:
    assert verify((name, SECRET)) is None
    assert verify((name, f" {SECRET}\t")) is None


@pytest.mark.parametrize("secrets", [[BEFORE, SECRET], [SECRET, BEFORE]])
def test_each_accepted_secret_counts(secrets: list[str]) -> None:
    assert verify(("Authorization", SECRET), secrets=secrets) is None
    assert verify(("Authorization", BEFORE), secrets=secrets) is None


@pytest.mark.parametrize(
    "value",
    [
        SECRET[:-1],
        SECRET + "=",
        SECRET.lower(),
        SECRET.removeprefix("Basic "),
        SECRET.replace(" ", "  "),
        f"{SECRET},{SECRET}",
        "ü",
        "\ud800",
    ],
)
def test_another_value_is_refused(value: str) -> None:
    assert refused(("Authorization", value)).doubt is Doubt.WRONG


def test_no_value_two_and_an_empty_one_are_refused() -> None:
    assert refused().doubt is Doubt.MISSING
    assert refused(("X-8x8-Signature", SECRET)).doubt is Doubt.MISSING
    twice = refused(("Authorization", SECRET), ("authorization", "another"))
    assert twice.doubt is Doubt.AMBIGUOUS
    assert refused(("Authorization", "")).doubt is Doubt.MALFORMED
    assert refused(("Authorization", " ")).doubt is Doubt.MALFORMED


def test_an_empty_secret_lets_nobody_in_and_is_ours_to_fix() -> None:
    with pytest.raises(ConfigurationError, match="the secret is empty"):
        verify(("Authorization", "anything"), secrets=[""])
    assert refused(("Authorization", ""), secrets=[""]).doubt is Doubt.MALFORMED
    assert verify(("Authorization", SECRET), secrets=["", SECRET]) is None
    assert refused(("Authorization", "anything"), secrets=[]).doubt is Doubt.WRONG
