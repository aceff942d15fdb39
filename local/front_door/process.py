"""The front door's process, and requests to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from local.errors import LocalError
from local.resources.cloud import require_loopback
from local.servers import Server


class NoAnswerError(LocalError):
    """A host did not give an accepted response in time."""


@dataclass(frozen=True, kw_only=True)
class FrontDoor(Server):
    """A front door to the load balancers of one emulator."""

    NAME: ClassVar[str] = "front door"
    DEFAULT_PORT: ClassVar[int] = 8080
    PORT_VARIABLE: ClassVar[str] = "FRONT_DOOR_PORT"
    STOP_SECONDS: ClassVar[float] = 5.0

    emulator: str
    """The emulator's endpoint."""
    region: str

    @classmethod
    def start_or_join(
        cls,
        *,
        state_dir: Path,
        emulator: str,
        region: str = "us-east-1",
        port: int | None = None,
        say: Callable[[str], None] = print,
    ) -> FrontDoor:
        """Return the front door of `state_dir`; start it unless one runs for this emulator and region.

        Arguments and errors are those of `Server.start`.

        Raises:
            NotLoopbackError: the emulator is not on this machine.
        """
        require_loopback(emulator)
        return cls.start(
            ["-m", "local.front_door", "--emulator", emulator, "--region", region],
            state_dir=state_dir,
            port=port,
            say=say,
            fits=lambda door: (door.emulator, door.region) == (emulator, region),
            emulator=emulator,
            region=region,
        )

    def url(self, host: str, path: str = "/") -> str:
        """Return the address of `host` for a browser on this machine."""
        return f"http://{host}.localhost:{self.port}{path}"

    @property
    def page(self) -> str:
        """Address of the page that shows the local AWS."""
        return f"http://localhost:{self.port}"

    def network_address(self, host: str, port: int) -> str | None:
        """Return host and port on this machine of the listener that is `host:port` on AWS."""
        status, address = self._request("localhost", f"/network/{host}/{port}")
        return address if status == HTTPStatus.OK else None

    def answers(self) -> bool:
        """Whether it answers within 5 s."""
        return self._request("localhost", "/network/localhost/0")[0] is not None

    def wait_until_answers(
        self, host: str, *, path: str = "/", seconds: float, accepts: Container[int] = (HTTPStatus.OK,)
    ) -> None:
        """Request `path`, at least once, until the status through listener and rule is an accepted one.

        Raises:
            NoAnswerError: none came in time; the message has the last response.
        """
        started = time.monotonic()
        pause = 0.05
        while True:
            status, text = self._request(f"{host}.localhost", path)
            passed = time.monotonic() - started
            if status is not None and status in accepts:
                return
            if passed + pause > seconds:
                url, answer = self.url(host, path), "nothing" if status is None else str(status)
                raise NoAnswerError(f"{url} answers {answer} after {passed:.0f} s: {text}")
            time.sleep(pause)
            pause = min(0.5, pause * 1.5)

    def wait_until_open(self, host: str, port: int, *, seconds: float) -> None:
        """Wait until the listener that is `host:port` on AWS has a port on this machine.

        Raises:
            NoAnswerError: it has none in time.
        """
        end = time.monotonic() + seconds
        while self.network_address(host, port) is None:
            if time.monotonic() > end:
                raise NoAnswerError(f"no port of this machine forwards to {host}:{port}: see {self.log}")
            time.sleep(0.2)

    def _request(self, host: str, path: str) -> tuple[int | None, str]:
        """Return status and first line of the response; None and the reason if there is none."""
        headers = {"Host": f"{host}:{self.port}", "Accept": "text/plain"}
        # Not all of the body: an app may stream events without end.
        status, text = self.request(path, most_bytes=300, headers=headers)
        return status, text.partition("\n")[0]
