from collections.abc import Callable

import pytest

from desk.emulator.limits import LARGEST_MESSAGE, SqsError, check_batch, check_message


def refused(act: Callable[[], None]) -> str:
    with pytest.raises(SqsError) as caught:
        act()
    return caught.value.code


@pytest.mark.parametrize(
    "foreign", ["with space", "umläut", "tab\t", "new\nline", "nul\0", "x" * 129, "日本"]
)
def test_refuses_other_ids(foreign: str) -> None:
    assert refused(lambda: check_message("body", foreign, "id")) == "InvalidParameterValue"
    assert refused(lambda: check_message("body", "group", foreign)) == "InvalidParameterValue"


@pytest.mark.parametrize("missing", [("", "id"), ("group", "")])
def test_a_fifo_message_needs_both_ids(missing: tuple[str, str]) -> None:
    assert refused(lambda: check_message("body", *missing)) == "MissingParameter"


def test_takes_128_characters_of_alphanumerics_and_punctuation() -> None:
    check_message("body", "x" * 128, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


@pytest.mark.parametrize("character", ["\0", "\x08", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_refuses_characters_that_sqs_does(character: str) -> None:
    assert refused(lambda: check_message(character, "g", "d")) == "InvalidMessageContents"


def test_takes_other_characters() -> None:
    check_message("\t\n\r ~äöü€\ud7ff\ue000\ufffd\U0001f600", "g", "d")


def test_a_message_has_at_most_1_mib_of_bytes() -> None:
    check_message("x" * LARGEST_MESSAGE, "g", "d")
    assert refused(lambda: check_message("x" * (LARGEST_MESSAGE + 1), "g", "d")) == (
        "InvalidParameterValue"
    )
    assert refused(lambda: check_message("ä" * (LARGEST_MESSAGE // 2 + 1), "g", "d")) == (
        "InvalidParameterValue"
    )


def test_an_empty_body_is_refused() -> None:
    assert refused(lambda: check_message("", "g", "d")) == "MissingParameter"


def entry(number: int, body: str = "x") -> dict[str, str]:
    return {"Id": str(number), "MessageBody": body}


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([entry(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
        ([entry(1), entry(1)], "BatchEntryIdsNotDistinct"),
        ([{"Id": "a.b", "MessageBody": "x"}], "InvalidBatchEntryId"),
        ([entry(number, "x" * 600_000) for number in range(2)], "BatchRequestTooLong"),
    ],
)
def test_refuses_a_whole_batch(entries: list[dict[str, str]], code: str) -> None:
    assert refused(lambda: check_batch(entries)) == code


def test_takes_ten_entries_of_1_mib_together() -> None:
    check_batch([entry(number, "x" * 100_000) for number in range(10)])
