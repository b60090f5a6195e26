"""Quotas in the headers that vendors send."""

import pytest

from switchboard.destination import Quota
from switchboard.http.answers import Answer
from switchboard.http.quotas import quota_of

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        (
            {"ratelimit-limit": "100", "ratelimit-remaining": "20", "ratelimit-reset": "50"},
            Quota(80, 100, NOW + 50),
        ),
        (
            {
                "ratelimit-limit": "100, 100;w=3600",
                "ratelimit-remaining": "20",
                "ratelimit-reset": "50",
            },
            Quota(80, 100, NOW + 50),
        ),
        (
            {
                "x-ratelimit-limit": "5000",
                "x-ratelimit-remaining": "4999",
                "x-ratelimit-reset": "1790003600",
            },
            Quota(1, 5000, 1_790_003_600.0),
        ),
        (
            {
                "x-rate-limit-limit": "10",
                "x-rate-limit-remaining": "0",
                "x-rate-limit-reset": "1790003600000",
            },
            Quota(10, 10, 1_790_003_600.0),
        ),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, Quota(50, 100, NOW + 5)),
        (
            {
                "ratelimit": '"default";r=50;t=30',
                "ratelimit-policy": '"default";q=100;w=60',
            },
            Quota(50, 100, NOW + 30),
        ),
        ({"ratelimit": '"default";r=50;t=30'}, None),
        ({"x-ratelimit-remaining": "many"}, None),
        ({"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, None),
        ({}, None),
    ],
)
def test_a_quota_is_read_where_it_is_told(headers: dict[str, str], quota: Quota | None) -> None:
    assert quota_of(Answer(200, headers, b""), NOW) == quota
