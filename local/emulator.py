"""MiniStack, the emulated AWS: started on a loopback port, found again, stopped with its containers."""

from __future__ import annotations

import http.client
import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local import ports
from local.processes import DetachedProcess, user_environment

DEFAULT_PORT: Final = 4566
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 30.0


class EmulatorError(Exception):
    """The emulator cannot be had as asked for."""


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """A MiniStack that runs, or ran, in a process group of its own and listens on 127.0.0.1 only."""

    process: DetachedProcess
    state_dir: Path
    port: int
    region: str
    """Region whose load balancers answer requests; those of other regions can only be described."""
    identity: str
    """Random name of this instance: what was made in it is gone when another one runs."""

    @property
    def endpoint(self) -> str:
        """URL for every AWS service."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """Where it writes its log."""
        return _log(self.state_dir)

    @classmethod
    def start(
        cls,
        port: int | None = None,
        *,
        state_dir: Path,
        region: str = "us-east-1",
        say: Callable[[str], None] = print,
    ) -> Emulator:
        """Return the emulator of `state_dir`, started if it does not run, as soon as it answers.

        Args:
            port: port to listen on; without it `EMULATOR_PORT`, else 4566, else any free one.
            state_dir: folder for its record, log and temporary files.
            region: region of the stack's load balancers.
            say: called with one line where the user should know something.

        Raises:
            EmulatorError: one for another region runs there.
            PortError: the port that was asked for is taken.
            ProcessError: it does not start.
        """
        if (running := cls.running(state_dir)) is not None:
            if running.region != region:
                raise EmulatorError(
                    f"the emulator in {state_dir} runs for region {running.region}, not {region}: "
                    f"`make down` takes it away",
                )
            return running
        if (left := cls.recorded(state_dir)) is not None:
            left.stop()
        port = ports.choose(
            what="emulator", default=DEFAULT_PORT, variable="EMULATOR_PORT", wanted=port, say=say
        )
        identity = f"node-on-ecs-{secrets.token_hex(8)}"
        temporary = _temporary(state_dir)
        temporary.mkdir(parents=True, exist_ok=True)
        log = _log(state_dir)
        log.unlink(missing_ok=True)
        process = DetachedProcess.start(
            ["-m", "ministack"],
            record=_record(state_dir),
            log=log,
            environment=_environment(port=port, region=region, identity=identity, temporary=temporary),
            facts={"port": port, "region": region, "identity": identity},
        )
        emulator = cls(process=process, state_dir=state_dir, port=port, region=region, identity=identity)
        try:
            process.wait_until(emulator.answers, seconds=START_SECONDS, what="emulator", log=log)
        except BaseException:
            process.stop(seconds=1)
            raise
        return emulator

    @classmethod
    def running(cls, state_dir: Path) -> Emulator | None:
        """Return the emulator that was started with `state_dir`, if that very one still answers."""
        emulator = cls.recorded(state_dir)
        return emulator if emulator is not None and emulator.process.alive and emulator.answers() else None

    @classmethod
    def recorded(cls, state_dir: Path) -> Emulator | None:
        """Return the emulator last started with `state_dir` and not stopped, even if it crashed."""
        process = DetachedProcess.recorded(_record(state_dir))
        if process is None:
            return None
        try:
            return cls(
                process=process,
                state_dir=state_dir,
                port=int(process.facts["port"]),
                region=str(process.facts["region"]),
                identity=str(process.facts["identity"]),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def answers(self) -> bool:
        """Whether this instance, and no other server on its port, answers."""
        connection = http.client.HTTPConnection(ports.LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/_ministack/health")
            health: Any = json.loads(connection.getresponse().read())
            return bool(health["edition"] == self.identity)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it, and remove the containers that it started."""
        # Told to end, it removes its containers itself; what a SIGKILL or a crash left is removed here.
        self.process.stop(seconds=STOP_SECONDS)
        _remove_containers(f"ministack.instance={self.identity}:{self.port}")
        shutil.rmtree(_temporary(self.state_dir), ignore_errors=True)


def _record(state_dir: Path) -> Path:
    return state_dir / "emulator.json"


def _log(state_dir: Path) -> Path:
    return state_dir / "emulator.log"


def _temporary(state_dir: Path) -> Path:
    return state_dir / "emulator.tmp"


def _environment(*, port: int, region: str, identity: str, temporary: Path) -> Mapping[str, str]:
    return {
        **user_environment(),
        "BIND_HOST": ports.LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": region,
        # Its health answer shows the edition: that is how one instance is told from another.
        "MINISTACK_EDITION": identity,
        # Goes into the label by which a container is known to be this instance's.
        "MINISTACK_HOSTNAME": identity,
        # On, it would listen on every address of this machine (port 8883).
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "S3_DATA_DIR": str(temporary / "s3"),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
    }


def _remove_containers(label: str) -> None:
    import docker
    import docker.errors

    try:
        client = docker.from_env(timeout=30)
    except docker.errors.DockerException:
        # Without a daemon there is nothing to remove.
        return
    try:
        for container in client.containers.list(all=True, filters={"label": label}):
            try:
                container.remove(force=True, v=True)
            except docker.errors.NotFound:
                continue
    finally:
        client.close()
