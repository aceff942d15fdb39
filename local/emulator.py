"""MiniStack, the emulated AWS: one for each clone, on a port of 127.0.0.1."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from local.docker_daemon import DockerDaemon
from local.errors import LocalError
from local.processes import FIRST_INHERITED
from local.servers import Server


class EmulatorError(LocalError):
    """The emulator runs for another region."""


@dataclass(frozen=True, kw_only=True)
class Emulator(Server):
    """A MiniStack, which keeps its data in memory."""

    NAME: ClassVar[str] = "emulator"
    DEFAULT_PORT: ClassVar[int] = 4566
    PORT_VARIABLE: ClassVar[str] = "EMULATOR_PORT"
    STOP_SECONDS: ClassVar[float] = 30.0

    region: str
    """Region whose load balancers answer requests."""
    identity: str
    """Random name of this instance; another instance has none of its resources."""

    @classmethod
    def start_or_join(
        cls,
        *,
        state_dir: Path,
        region: str = "us-east-1",
        port: int | None = None,
        say: Callable[[str], None] = print,
    ) -> Emulator:
        """Return the emulator of `state_dir`; start it if it does not run.

        Arguments and errors are those of `Server.start`.

        Raises:
            EmulatorError: it runs for another region.
        """
        identity = f"node-on-ecs-{secrets.token_hex(8)}"

        def environment(port: int) -> Mapping[str, str]:
            temporary = _temporary(state_dir)
            temporary.mkdir(exist_ok=True)
            return _environment(port=port, region=region, identity=identity, temporary=temporary)

        # While it runs, no clone stops the Docker daemon of its tasks.
        with DockerDaemon().kept_running() as hold:
            emulator = cls.start(
                # MiniStack's own command would bind the port itself, and lose it to a faster process.
                [
                    *("-m", "hypercorn", "local.emulated.app:app", "--bind", f"fd://{FIRST_INHERITED}"),
                    *("--workers", "0", "--keep-alive", "75"),
                ],
                state_dir=state_dir,
                port=port,
                say=say,
                environment=environment,
                inherit=[] if hold is None else [hold],
                region=region,
                identity=identity,
            )
        if emulator.region != region:
            raise EmulatorError(
                f"the emulator in {state_dir} runs for region {emulator.region}, not {region}: "
                "`make down` removes it, with all local stacks"
            )
        return emulator

    def answers(self) -> bool:
        """Whether this instance, and no other server on its port, answers within 5 s."""
        try:
            health: Any = json.loads(self.request("/_ministack/health")[1])
            return bool(health["edition"] == self.identity)
        except (ValueError, KeyError, TypeError):
            return False

    def stop(self) -> None:
        """Stop it, remove its containers, and delete its record.

        Raises:
            DockerError: a container cannot be removed.
            ProcessError: it belongs to another user.
        """
        from local.emulated.volumes import remove_volumes
        from local.task_containers import remove_containers, remove_networks

        self.process.stop(seconds=self.STOP_SECONDS)
        # It removes its containers itself, unless it crashed.
        own = f"ministack.instance={self.identity}:{self.port}"
        remove_containers(own)
        remove_volumes(own)
        remove_networks(own)
        shutil.rmtree(_temporary(self.state_dir), ignore_errors=True)
        super().stop()


def _temporary(state_dir: Path) -> Path:
    return state_dir / "emulator.tmp"


def _environment(*, port: int, region: str, identity: str, temporary: Path) -> Mapping[str, str]:
    return {
        # Part of the addresses in its responses, and of its containers' labels.
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": region,
        # Its health check returns the edition, which identifies the instance.
        "MINISTACK_EDITION": identity,
        # Part of the label of this instance's containers.
        "MINISTACK_HOSTNAME": identity,
        # If enabled, it would listen on every address of this machine (port 8883).
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "S3_DATA_DIR": str(temporary / "s3"),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
    }
