"""What keeps a place from having a session, told when it is worth telling."""

from functions.stream_reader.handshake import BUSY_ALARM_SECONDS, REPEATED, Advice, Refusal
from functions.stream_reader.measures import Measures


class Troubles:
    """Refusals and failures of one place since its last open session."""

    def __init__(self, place: str, measures: Measures) -> None:
        self._place = place
        self._measures = measures
        self._last: Refusal | None = None
        self._times = 0
        self._since = 0.0

    @property
    def credentials_were_refused(self) -> bool:
        """Whether the secret is to be read anew before the next handshake."""
        return self._last is not None and self._last.advice is Advice.CREDENTIALS

    def session_opened(self) -> None:
        """The way is free again."""
        self._last, self._times = None, 0

    def refused(self, answer: Refusal, now: float) -> None:
        """The server answered with a status; what only its operator can mend is counted."""
        if answer != self._last:
            self._last, self._times, self._since = answer, 0, now
        self._times += 1
        advice = answer.advice
        lasting = self._times >= REPEATED and advice is Advice.PASSING
        ghostly = advice is Advice.BUSY and now - self._since >= BUSY_ALARM_SECONDS
        if advice in {Advice.CREDENTIALS, Advice.CONFIGURATION} or lasting or ghostly:
            self._measures.event("refused_handshakes", status=str(answer.status))
        self._measures.warn("a handshake was refused", why=answer.sentence(self._place))

    def unreachable(self, why: str) -> None:
        """Nothing answered."""
        self._measures.event("reconnects", cause="unreachable")
        self._measures.warn("the server was not reached", place=self._place, why=why)

    def unprepared(self, why: str) -> None:
        """There is no usable secret, or none can be read now."""
        self._measures.event("configuration_errors")
        self._measures.warn("no session can be opened", place=self._place, why=why)
