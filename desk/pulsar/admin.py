"""The control by HTTP: `POST /CALL` with the arguments as a JSON object, on a port of its own."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol


class Controlled(Protocol):
    """A server that can be told what to do."""

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do what `name` says; KeyError for no such call, TypeError for wrong arguments."""
        ...


class Admin:
    """Answers 200 with the call's answer as JSON, 404 for no such call, 400 for wrong ones."""

    def __init__(self, control: Controlled, host: str = "127.0.0.1", port: int = 0) -> None:
        self._control = control
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._host}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer."""
        if self._server:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            length = next(
                (int(line[15:]) for line in head if line.lower().startswith("content-length:")), 0
            )
            body = await reader.readexactly(length)
            status, answer = await self._answer(head[0].split(" ")[1].strip("/"), body)
            text = json.dumps(answer).encode()
            writer.write(
                f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
                + text
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, name: str, body: bytes) -> tuple[int, Any]:
        try:
            return 200, await self._control.call(name, json.loads(body or b"{}"))
        except KeyError as error:
            return 404, {"error": f"there is no {error}"}
        except (TypeError, ValueError, AttributeError) as error:
            return 400, {"error": f"{type(error).__name__}: {error}"}
