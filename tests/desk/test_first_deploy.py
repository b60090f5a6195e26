"""What is prepared before a deployment."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from desk.first_deploy import NotReadyError, check_builder, prepare
from infra.stage import Stage, read_stage


class Iam:
    """Answers as IAM does; `refusal` is what it says instead of making the role."""

    def __init__(self, refusal: tuple[str, str] | None = None) -> None:
        self.roles: list[str] = []
        self._refusal = refusal

    def create_service_linked_role(self, *, AWSServiceName: str) -> Mapping[str, Any]:  # noqa: N803
        if self._refusal is not None:
            code, message = self._refusal
            answer: Any = {"Error": {"Code": code, "Message": message}}
            raise ClientError(answer, "CreateServiceLinkedRole")
        self.roles.append(AWSServiceName)
        return {}


def stage(kind: str) -> Stage:
    return read_stage("made", {"made": {"sources": {"one": {"kind": kind}}, "destinations": {}}})


def test_a_stage_with_a_stream_gets_ecs_its_role() -> None:
    iam = Iam()
    assert "created" in prepare(stage("stream"), iam)
    assert iam.roles == ["ecs.amazonaws.com"]


def test_a_role_that_is_there_is_left_as_it_is() -> None:
    # What IAM answers, word for word.
    taken = (
        "InvalidInput",
        "Service role name AWSServiceRoleForECS has been taken in this account, please try a"
        " different suffix.",
    )
    assert "is there" in prepare(stage("sapi"), Iam(taken))


def test_a_stage_without_a_stream_asks_for_nothing() -> None:
    iam = Iam()
    prepare(stage("jaas"), iam)
    assert iam.roles == []
    check_builder(stage("jaas"), "no-such-builder")


def test_a_refusal_says_who_can_help() -> None:
    denied = ("AccessDenied", "not authorized to perform: iam:CreateServiceLinkedRole")
    with pytest.raises(NotReadyError, match="aws iam create-service-linked-role"):
        prepare(stage("stream"), Iam(denied))


def test_a_builder_that_is_missing_is_named() -> None:
    with pytest.raises(NotReadyError, match="no-such-builder"):
        check_builder(stage("stream"), "no-such-builder")
