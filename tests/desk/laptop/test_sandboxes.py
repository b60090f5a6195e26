import os
import sys
from pathlib import Path
from typing import Any

import pytest

from desk.laptop import InvocationFailed, LaptopStack
from desk.laptop.sandbox import LARGEST_ANSWER, LARGEST_PAYLOAD, PayloadTooLarge

LOOK = "one-look"


def test_the_environment_is_clean_and_has_what_was_deployed(stack: LaptopStack) -> None:
    seen = stack.invoke(LOOK, {})
    environment: dict[str, str] = seen["environment"]
    assert environment["QUEUE_URL"].endswith("/one-in.fifo")
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == LOOK
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert not {"HOME", "USER", "VIRTUAL_ENV", "PATH"} & set(environment)
    assert seen["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:one-look"


def test_nothing_is_imported_but_the_asset_the_layer_and_the_runtime(
    stack: LaptopStack, no_layer: Path
) -> None:
    path: list[str] = stack.invoke(LOOK, {})["path"]
    asset = str(Path(__file__).parent / "asset")
    assert path[0] == asset
    assert str(no_layer / "python") in path
    assert not any("site-packages" in one or one == os.getcwd() for one in path)  # noqa: PTH109
    ours = [one for one in path if not one.startswith((sys.base_prefix, asset, str(no_layer)))]
    assert [Path(one).name[:8] for one in ours if Path(one).is_dir()] == ["runtime-"]


def test_a_warm_sandbox_is_used_again(stack: LaptopStack) -> None:
    assert stack.invoke(LOOK, {})["pid"] == stack.invoke(LOOK, {})["pid"]


def test_the_deadline_counts_from_the_take_over(stack: LaptopStack) -> None:
    assert 0 < stack.invoke(LOOK, {})["left"] <= 2000


def call(stack: LaptopStack, service: str, operation: str, **given: Any) -> str:
    event = {"do": "call", "service": service, "operation": operation, "given": given}
    answer: str = stack.invoke(LOOK, event)
    return answer


def test_a_function_has_the_rights_of_its_own_role(stack: LaptopStack) -> None:
    bucket = "one-bucket"
    assert call(stack, "s3", "put_object", Bucket=bucket, Key="mine/a", Body="x") == "done"
    refused = call(stack, "s3", "put_object", Bucket=bucket, Key="yours/a", Body="x")
    assert "one-look-role is not authorized to perform: s3:PutObject" in refused
    usage = stack.usage()
    used = [one[:3] for one in usage["used"]]
    assert ["one-look-role", "s3:PutObject", "arn:aws:s3:::one-bucket/mine/*"] in used
    denied = [one[:3] for one in usage["denied"]]
    assert ["one-look-role", "s3:PutObject", "arn:aws:s3:::one-bucket/yours/a"] in denied


def test_a_function_that_raises_says_why_and_goes_on(stack: LaptopStack) -> None:
    before = stack.invoke(LOOK, {})["pid"]
    with pytest.raises(InvocationFailed, match="as was asked for"):
        stack.invoke(LOOK, {"do": "raise"})
    assert stack.invoke(LOOK, {})["pid"] == before


def test_a_function_that_runs_out_of_time_is_killed(stack: LaptopStack) -> None:
    before = stack.invoke(LOOK, {})["pid"]
    with pytest.raises(InvocationFailed, match=r"timed out after 2\.00 s"):
        stack.invoke(LOOK, {"do": "sleep", "seconds": 60})
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert stack.invoke(LOOK, {})["pid"] != before
    assert b"Task timed out after 2.00 seconds" in (stack.folder / "one-look.log").read_bytes()


def test_a_process_that_ends_fails_its_invocation_alone(stack: LaptopStack) -> None:
    with pytest.raises(InvocationFailed, match="the process ended"):
        stack.invoke(LOOK, {"do": "exit"})
    assert stack.invoke(LOOK, {})["pid"]


def test_the_next_one_but_one_is_killed(stack: LaptopStack) -> None:
    stack.kill_next(LOOK, after_invocations=1, delay_seconds=0.05)
    stack.invoke(LOOK, {})
    with pytest.raises(InvocationFailed, match="was killed"):
        stack.invoke(LOOK, {"do": "sleep", "seconds": 1.5})
    stack.invoke(LOOK, {"do": "sleep", "seconds": 0.2})


def test_an_answer_is_lost_once(stack: LaptopStack) -> None:
    stack.pool(LOOK).lose_next_answer()
    with pytest.raises(InvocationFailed, match="lost"):
        stack.invoke(LOOK, {})
    stack.invoke(LOOK, {})


def test_events_and_answers_have_at_most_6_mb(stack: LaptopStack) -> None:
    with pytest.raises(PayloadTooLarge):
        stack.invoke(LOOK, {"padding": "x" * LARGEST_PAYLOAD})
    assert len(stack.invoke(LOOK, {"do": "large", "size": LARGEST_ANSWER - 2})) > LARGEST_PAYLOAD
    with pytest.raises(InvocationFailed, match="6 MB"):
        stack.invoke(LOOK, {"do": "large", "size": LARGEST_ANSWER})


def test_an_unknown_function_is_named_with_those_there_are(stack: LaptopStack) -> None:
    with pytest.raises(LookupError, match="there is no function two-look; there are one-consume"):
        stack.invoke("two-look", {})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a process's memory")
def test_a_function_that_takes_more_memory_than_it_has_is_killed(stack: LaptopStack) -> None:
    assert stack.invoke(LOOK, {"do": "hoard", "megabytes": 100}) == 100 * 1024 * 1024
    before = stack.invoke(LOOK, {})["pid"]
    with pytest.raises(InvocationFailed, match=r"MB of memory and has 512"):
        stack.invoke(LOOK, {"do": "hoard", "megabytes": 600})
    assert stack.invoke(LOOK, {})["pid"] != before
    assert b"signal: killed Memory Size: 512 MB" in (stack.folder / "one-look.log").read_bytes()
