"""The front door as a process: started, found again, stopped."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from local import ports
from local.errors import LocalError
from local.live.notes import Notes
from local.resources.cloud import require_loopback
from local.servers import Server

ROOT: Final = Path(__file__).resolve().parents[2]


class NoAnswerError(LocalError):
    """A host did not give an accepted answer in time."""


@dataclass(frozen=True, kw_only=True)
class FrontDoor(Server):
    """A front door that leads to one emulator's load balancers."""

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
        """Return the front door of `state_dir`; start it if none runs that leads to `emulator`.

        The rest is as for `Emulator.start_or_join`, with `FRONT_DOOR_PORT` and 8080.

        Raises:
            NotLoopbackError: the emulator is not on this machine.
            PortError: the port that was asked for cannot be used.
            ProcessError: it does not start.
        """
        require_loopback(emulator)
        return cls._start_or_join(
            ("-m", "local.front_door", "--emulator", emulator, "--region", region),
            state_dir=state_dir,
            port=port,
            say=say,
            environment=lambda _: {"PYTHONPATH": str(ROOT), **Notes.of(state_dir).variables},
            fits=lambda door: (door.emulator, door.region) == (emulator, region),
            emulator=emulator,
            region=region,
        )

    def url(self, host: str, path: str = "/") -> str:
        """Return the address of `host` for a browser on this machine."""
        return f"http://{host}.localhost:{self.port}{path}"

    @property
    def page(self) -> str:
        """The address of the page that shows the local AWS."""
        return f"http://localhost:{self.port}"

    def network_address(self, host: str, port: int) -> str | None:
        """Return host and port on this machine of what is behind a network load balancer at `host:port`."""
        status, address = self._ask("localhost", f"/network/{host}/{port}")
        return address if status == http.HTTPStatus.OK else None

    def answers(self) -> bool:
        """Whether it answers within 5 s."""
        return self._ask("localhost", "/")[0] is not None

    def wait_until_answers(
        self, host: str, *, path: str = "/", seconds: float, accepts: Container[int] = (http.HTTPStatus.OK,)
    ) -> None:
        """Ask for `path` until the answer, through listener, rule and target group, is an accepted one.

        Args:
            host: host of a stack.
            path: path to ask for.
            seconds: how long to ask; at least once.
            accepts: status codes to wait for.

        Raises:
            NoAnswerError: none came in time; the message says what came instead.
        """
        begin = time.monotonic()
        pause = 0.05
        while True:
            status, text = self._ask(f"{host}.localhost", path)
            passed = time.monotonic() - begin
            if status is not None and status in accepts:
                return
            if passed + pause > seconds:
                url, what = self.url(host, path), "nothing" if status is None else str(status)
                raise NoAnswerError(f"{url} answers {what} after {passed:.0f} s: {text}")
            time.sleep(pause)
            pause = min(0.5, pause * 1.5)

    def wait_until_open(self, host: str, port: int, *, seconds: float) -> None:
        """Wait until there is a port for what is at `host:port` on AWS.

        Raises:
            NoAnswerError: there is none in time.
        """
        end = time.monotonic() + seconds
        while self.network_address(host, port) is None:
            if time.monotonic() > end:
                raise NoAnswerError(f"no port of this machine leads to {host}:{port}: see {self.log}")
            time.sleep(0.2)

    def _ask(self, host: str, path: str) -> tuple[int | None, str]:
        """Return status and the first line of the body, or None and why there is none."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": f"{host}:{self.port}", "Accept": "text/plain"})
            response = connection.getresponse()
            return response.status, response.read(300).decode("utf-8", "replace").partition("\n")[0]
        except (OSError, http.client.HTTPException) as error:
            return None, str(error) or type(error).__name__
        finally:
            connection.close()
