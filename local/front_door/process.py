"""The front door as a process: started, found again, stopped."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from local import ports
from local.resources.cloud import require_loopback
from local.servers import Server

ROOT: Final = Path(__file__).resolve().parents[2]


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
            environment=lambda _: {"PYTHONPATH": str(ROOT)},
            fits=lambda door: (door.emulator, door.region) == (emulator, region),
            emulator=emulator,
            region=region,
        )

    def url(self, host: str, path: str = "/") -> str:
        """Return the address of `host` for a browser on this machine."""
        return f"http://{host}.localhost:{self.port}{path}"

    def answers(self) -> bool:
        """Whether it answers within 5 s."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True
