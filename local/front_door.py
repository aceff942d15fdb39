"""The front door, http://<host>.localhost:8080 for each host: started, found again, asked, stopped."""

from __future__ import annotations

import argparse
import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local import ports
from local.processes import DetachedProcess, user_environment
from local.resources.cloud import NotLoopbackError, require_loopback

DEFAULT_PORT: Final = 8080
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5.0
ROOT: Final = Path(__file__).resolve().parent.parent


class NoAnswerError(Exception):
    """A host did not answer with 200 in time."""


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """A front door that runs, or ran, in a process group of its own and listens on 127.0.0.1 only."""

    process: DetachedProcess
    state_dir: Path
    port: int
    emulator: str
    """Endpoint that it leads to."""
    region: str

    @classmethod
    def start(
        cls,
        port: int | None = None,
        *,
        state_dir: Path,
        emulator: str,
        region: str = "us-east-1",
        say: Callable[[str], None] = print,
    ) -> FrontDoor:
        """Return the front door of `state_dir`, started if none leads to `emulator`, as soon as it answers.

        Args:
            port: port to listen on; without it `FRONT_DOOR_PORT`, else 8080, else any free one.
            state_dir: folder for its record and log.
            emulator: endpoint of the emulator.
            region: region of the stack's load balancers.
            say: called with one line where the user should know something.

        Raises:
            PortError: the port that was asked for is taken.
            ProcessError: it does not start.
        """
        require_loopback(emulator)
        running = cls.running(state_dir)
        if running is not None and (running.emulator, running.region) == (emulator, region):
            return running
        if (left := cls.recorded(state_dir)) is not None:
            left.stop()
        port = ports.choose(
            what="front door", default=DEFAULT_PORT, variable="FRONT_DOOR_PORT", wanted=port, say=say
        )
        log = state_dir / "front_door.log"
        log.unlink(missing_ok=True)
        process = DetachedProcess.start(
            [
                *("-m", "local.front_door", "--port", str(port)),
                *("--emulator", emulator, "--region", region),
            ],
            record=_record(state_dir),
            log=log,
            environment={**user_environment(), "PYTHONPATH": str(ROOT)},
            facts={"port": port, "emulator": emulator, "region": region},
        )
        front_door = cls(process=process, state_dir=state_dir, port=port, emulator=emulator, region=region)
        try:
            process.wait_until(front_door.answers, seconds=START_SECONDS, what="front door", log=log)
        except BaseException:
            process.stop(seconds=1)
            raise
        return front_door

    @classmethod
    def running(cls, state_dir: Path) -> FrontDoor | None:
        """Return the front door that was started with `state_dir`, if it still runs and answers."""
        front_door = cls.recorded(state_dir)
        if front_door is None or not front_door.process.alive or not front_door.answers():
            return None
        return front_door

    @classmethod
    def recorded(cls, state_dir: Path) -> FrontDoor | None:
        """Return the front door last started with `state_dir` and not stopped, even if it crashed."""
        process = DetachedProcess.recorded(_record(state_dir))
        if process is None:
            return None
        try:
            return cls(
                process=process,
                state_dir=state_dir,
                port=int(process.facts["port"]),
                emulator=str(process.facts["emulator"]),
                region=str(process.facts["region"]),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def url(self, host: str, path: str = "/") -> str:
        """Address of `host` for a browser on this machine."""
        return f"http://{host}.localhost:{self.port}{path}"

    def answers(self) -> bool:
        """Whether anything answers on its port."""
        return _ask(self.port, "localhost", "/")[0] is not None

    def stop(self) -> None:
        """End it."""
        self.process.stop(seconds=STOP_SECONDS)

    def wait_until_answers(self, host: str, *, seconds: float, path: str = "/") -> float:
        """Ask for `path` until the answer, through listener, rule and target group, is 200.

        Returns:
            How many seconds it took.

        Raises:
            NoAnswerError: it was not 200 in `seconds`; the message says what came instead.
        """
        begin = time.monotonic()
        pause = 0.05
        while True:
            status, text = _ask(self.port, f"{host}.localhost", path)
            passed = time.monotonic() - begin
            if status == http.HTTPStatus.OK:
                return passed
            if passed + pause > seconds:
                url, what = self.url(host, path), "nothing" if status is None else str(status)
                raise NoAnswerError(f"{url} answers {what}, not 200, after {passed:.0f} s: {text}")
            time.sleep(pause)
            pause = min(0.5, pause * 1.5)


def _ask(port: int, host: str, path: str) -> tuple[int | None, str]:
    """Return status and the first line of the body, or None and why there is none."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}", "Accept": "text/plain"})
        response = connection.getresponse()
        return response.status, response.read(300).decode("utf-8", "replace").partition("\n")[0]
    except (OSError, http.client.HTTPException) as error:
        return None, str(error) or type(error).__name__
    finally:
        connection.close()


def _record(state_dir: Path) -> Path:
    return state_dir / "front_door.json"


def main() -> None:
    """Be the front door until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m local.front_door", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--emulator", default="http://127.0.0.1:4566", help="the emulator's endpoint")
    parser.add_argument("--region", default="us-east-1", help="region of the stack's load balancers")
    arguments = parser.parse_args()
    try:
        emulator = require_loopback(arguments.emulator).rstrip("/")
    except NotLoopbackError as error:
        parser.error(str(error))
    if not ports.is_free(arguments.port):
        parser.error(f"port {arguments.port} is taken: stop what listens there or choose another by --port")

    # The command that starts the front door need not load a web server.
    import asyncio

    from local import proxy

    asyncio.run(proxy.serve(emulator, port=arguments.port, region=arguments.region))


if __name__ == "__main__":
    main()
