"""The one HTTP client: every vendor is called through it."""

from switchboard.http.answers import Answer, raise_for_answer
from switchboard.http.client import HttpClient

__all__ = ["Answer", "HttpClient", "raise_for_answer"]
