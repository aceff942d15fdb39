"""Installs and starts a Docker daemon where none is running, for all clones, and stops it again."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from local import docker
from local.disk import replace_text
from local.docker import DockerError
from local.processes import ProcessIdentity, log_end, spawn

FOLDER: Final = Path("/run/node-on-ecs")
"""Folder in which all clones record a daemon that one of them started."""

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.2
_PACKAGES: Final = ("docker.io", "iptables", "ca-certificates")
_CLIENT_PACKAGES: Final = ("docker-cli", "docker-buildx")
"""Packages that newer Debian releases split from docker.io."""


@dataclass(frozen=True)
class DockerDaemon:
    """The machine's daemon, with a record if a clone started it."""

    folder: Path = FOLDER
    """Folder of the record of the started process, its log, and the lock of its users."""
    socket: Path = docker.SOCKET
    pid_file: Path = Path("/var/run/docker.pid")
    """Process file of the daemon, which exits if the process in it is running."""
    command: tuple[str, ...] = ("dockerd",)

    @contextmanager
    def kept_running(self) -> Generator[int | None]:
        """Keep `stop_if_unused` of every process from stopping the daemon meanwhile.

        Yields:
            A descriptor. A process that inherits it also keeps the daemon running, until it exits. None if
            this user may not start a daemon, and no other user did.
        """
        with self._locked(fcntl.LOCK_SH) as descriptor:
            yield descriptor

    def start_or_join(self, *, say: Callable[[str], None] = print) -> None:
        """Make sure that a daemon answers: install and start one as root on Debian, otherwise say what to do.

        Several processes may call this at once: one starts it, the others wait. Call it within
        `kept_running`, so that no other process stops the daemon.

        Args:
            say: called with each step. On a terminal the user is prompted before anything is installed.

        Raises:
            DockerError: no daemon answers.
        """
        if self._answers():
            return
        if os.environ.get("DOCKER_HOST") or not _may_install():
            raise DockerError(docker.no_daemon())
        installed = shutil.which(self.command[0]) is None
        if installed:
            self._install(say)
        started = self._start_by_systemd(say) if _has_systemd() else self._start(say)
        # The installation may have started it.
        if (started or installed) and (process := self._process()) is not None:
            replace_text(self._record, json.dumps(asdict(process)))

    def stop_if_unused(self) -> bool:
        """Stop the daemon if a clone started it and nothing uses it; return whether it was stopped.

        A daemon is in use if it has containers, or if a process holds `kept_running`, as every emulator does.

        Raises:
            DockerError: it does not exit.
        """
        process = self._recorded()
        if process is None or not _may_install():
            return False
        # While the lock is held exclusively, no process can start to use the daemon.
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            # A daemon that does not answer may have containers.
            if alone is None or not process.alive or not self._answers() or self._containers():
                return False
            if _has_systemd():
                # Its socket unit would start it again at the next request.
                _run("systemctl", "stop", "docker.service", "docker.socket")
            else:
                process.signal(signal.SIGTERM)
            if not process.wait(_STOP_SECONDS):
                raise DockerError(
                    f"the Docker daemon (process {process.pid}) does not exit within {_STOP_SECONDS} s: "
                    f"run `kill {process.pid}`"
                )
            self._record.unlink(missing_ok=True)
            self._log.unlink(missing_ok=True)
            return True

    @property
    def _record(self) -> Path:
        return self.folder / "docker.json"

    @property
    def _log(self) -> Path:
        return self.folder / "dockerd.log"

    def _recorded(self) -> ProcessIdentity | None:
        """Return the daemon's process that a clone started; it may have exited since."""
        try:
            return ProcessIdentity.from_record(json.loads(self._record.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _process(self) -> ProcessIdentity | None:
        """Return the process of the running daemon."""
        try:
            pid = int(self.pid_file.read_text())
            # The file outlives a daemon that was killed, and another process may have the id by now.
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return ProcessIdentity.of(pid) if name == "dockerd" else None

    def _answers(self, seconds: float = 10) -> bool:
        return docker.answers(self.socket, timeout=seconds)

    def _containers(self) -> int:
        with closing(docker.connect(socket=self.socket)) as client:
            return len(docker.engine(client).containers(all=True))

    @contextmanager
    def _locked(self, operation: int) -> Generator[int | None]:
        """Hold the lock of the daemon's users; yield None if it is not available."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "docker.users", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError:
            yield None
            return
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
        finally:
            os.close(descriptor)

    def _install(self, say: Callable[[str], None]) -> None:
        say(f"No Docker daemon answers. The Debian packages {', '.join(_PACKAGES)} are needed.")
        if not _confirm("Install them and start Docker?"):
            raise DockerError("no Docker daemon answers: install and start one, and run this again")
        # Another clone may be installing at the same time.
        apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "DPkg::Lock::Timeout=300")
        install = (*apt, "install", "--no-install-recommends")
        # Only a machine with missing or outdated package lists needs an update.
        if _run(*install, *_PACKAGES) != 0:
            _run(*apt, "update")
            if _run(*install, *_PACKAGES) != 0:
                raise DockerError("apt-get could not install docker.io: see its messages above")
        if shutil.which("docker") is None:
            _run(*install, *_CLIENT_PACKAGES)

    def _start_by_systemd(self, say: Callable[[str], None]) -> bool:
        say("Starting the Docker daemon.")
        # systemd returns when the daemon answers.
        if _run("systemctl", "start", "docker") != 0 or not self._answers():
            raise DockerError("systemd could not start the Docker daemon: see `journalctl --unit docker`")
        return True

    def _start(self, say: Callable[[str], None]) -> bool:
        """Start a daemon unless one answers; return whether it was started here."""
        self.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            if (other := self._process()) is not None:
                say(f"Another Docker daemon, process {other.pid}, is starting or stopping: waiting for it.")
                if self._comes_up(other, deadline):
                    return False
                if other.alive:
                    raise DockerError(
                        f"the Docker daemon, process {other.pid}, neither answers nor exits: "
                        f"run `kill {other.pid}`"
                    )
            say("Starting the Docker daemon.")
            process = spawn(self.command, log=self._log, environment=os.environ)
            if self._comes_up(process, deadline):
                return True
            if process.alive:
                process.signal(signal.SIGTERM)
                failure = f"does not answer after {_START_SECONDS} s"
            elif self._process() is not None:
                # Another daemon was faster, and this one exited.
                continue
            else:
                failure = "exited"
            end = log_end(self._log, lines=5)
            raise DockerError(f"the Docker daemon {failure}; its log, {self._log}, ends with:\n{end}")

    def _comes_up(self, process: ProcessIdentity, deadline: float) -> bool:
        """Wait until a daemon answers; return False if it exits or the deadline passes before."""
        while process.alive and time.monotonic() < deadline:
            # An earlier daemon that is stopping still answers for a moment.
            if self._answers(1) and self._process() == process:
                return True
            time.sleep(_POLL_SECONDS)
        return False


def _may_install() -> bool:
    """Whether the user is root, on Debian or a distribution based on it."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in {release.get("ID"), *release.get("ID_LIKE", "").split()} and os.geteuid() == 0


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _run(*command: str) -> int:
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


def _confirm(question: str) -> bool:
    """Prompt the user; without a terminal the answer is yes."""
    if sys.stdin is None or not sys.stdin.isatty():
        return True
    return input(f"{question} [Y/n] ").strip().lower() in {"", "y", "yes"}


def main() -> None:
    """Make sure that a daemon answers, before tests that need one."""
    daemon = DockerDaemon()
    try:
        with daemon.kept_running():
            daemon.start_or_join()
    except DockerError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
