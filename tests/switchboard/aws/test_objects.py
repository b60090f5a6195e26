"""S3's answers to the client that a deployed destination has."""

from collections.abc import Iterator

import pytest

from switchboard.aws import clients
from switchboard.aws.objects import S3Objects
from switchboard.errors import OutcomeUnknown
from switchboard.testing.stand_in import Reply, StandIn

SLOW_DOWN = Reply(503, {"Content-Type": "application/xml"}, "<Error><Code>SlowDown</Code></Error>")


@pytest.fixture
def s3(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    del credentials
    clients._made.cache_clear()
    with StandIn(SLOW_DOWN) as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stand_in.url)
        yield stand_in
    clients._made.cache_clear()


def test_what_a_second_request_is_answered_does_not_hide_that_the_first_may_be_stored(
    s3: StandIn,
) -> None:
    s3.replies = [Reply(hang_up=True)]
    with pytest.raises(OutcomeUnknown):
        S3Objects().put_if_absent("a-bucket", "a-key", b"{}", "application/json")
    assert len(s3.arrived) == 1
