"""Opening WebSocket sessions, and what their ends mean."""

import contextlib
from collections.abc import AsyncIterator, Mapping

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from functions.stream_reader.handshake import Refusal, refusal
from functions.stream_reader.pace import Pace

OPEN_SECONDS = 75.0
"""The server subscribes before it answers: 30 s through a proxy whose broker is down."""

CLOSE_SECONDS = 5.0
FRAMES_AHEAD = 16
LARGEST_FRAME = 32 * 1024 * 1024
"""The broker's limit is on compressed entries: a chunked message of 12 MB is a frame of 16 MB."""


class Refused(Exception):
    """The server answered the handshake, and not with a session."""

    def __init__(self, answer: Refusal) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class Unreachable(Exception):
    """Nothing answered that speaks HTTP, or not in time."""


@contextlib.asynccontextmanager
async def session(
    url: str,
    headers: Mapping[str, str],
    pace: Pace,
    *,
    frames_ahead: int = FRAMES_AHEAD,
    pongs: bool = True,
) -> AsyncIterator[ClientConnection]:
    """An open session; it is closed with 1000 at the end.

    No more is read from the socket while `frames_ahead` frames wait to be taken in. A caller that
    lets them wait for long must not insist on `pongs`, which come behind them.

    Raises:
        Refused, Unreachable: there is none.
    """
    try:
        opened = await connect(
            url,
            additional_headers=headers,
            open_timeout=OPEN_SECONDS,
            ping_interval=pace.ping,
            ping_timeout=pace.pong if pongs else None,
            close_timeout=CLOSE_SECONDS,
            max_size=LARGEST_FRAME,
            max_queue=frames_ahead,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as error:
        response = error.response
        raise Refused(refusal(response.status_code, bytes(response.body or b""))) from None
    except InvalidURI as error:
        # A redirect to an http: address, as Pulsar 4.0 answers a path that is too short.
        raise Refused(Refusal(302, str(error))) from None
    except (OSError, TimeoutError, EOFError, InvalidHandshake) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    try:
        yield opened
    finally:
        await opened.close()
