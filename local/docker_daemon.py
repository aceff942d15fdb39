"""Installs and starts a Docker daemon where none runs, for all clones, and stops it again."""

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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local import docker
from local.disk import replace_text
from local.docker import DockerError
from local.processes import ProcessIdentity, log_end, spawn

FOLDER: Final = Path("/run/node-on-ecs")
"""Folder in which all clones record the daemon that one of them has started."""

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.2
_PACKAGES: Final = ("docker.io", "iptables", "ca-certificates")
_CLIENT_PACKAGES: Final = ("docker-cli", "docker-buildx")
"""Packages that newer Debian releases have apart from docker.io."""


@dataclass(frozen=True)
class DockerDaemon:
    """The machine's daemon, with a record if a clone has started it."""

    folder: Path = FOLDER
    """Holds the record of the process that was started, its log, and the lock of those that use it."""
    socket: Path = docker.SOCKET
    pid_file: Path = Path("/var/run/docker.pid")
    """Written by the daemon, which exits if the process in it runs."""
    command: tuple[str, ...] = ("dockerd",)

    @contextmanager
    def kept_running(self) -> Generator[int | None]:
        """Keep `stop_if_unused` of every process from stopping the daemon in the meantime.

        Yields:
            A descriptor. A process that inherits it keeps the daemon running too, as long as it lives. None
            where this user could not have started a daemon, and no other did.
        """
        with self._locked(fcntl.LOCK_SH) as descriptor:
            yield descriptor

    def start_or_join(self, *, say: Callable[[str], None] = print) -> None:
        """Make sure that a daemon answers: as root on Debian install and start one, else say what to do.

        Several processes may call this at once: one starts it, the others wait. Call it within
        `kept_running`, so that no other process stops the daemon.

        Args:
            say: called with what is being done. On a terminal the user is asked before anything is installed.

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
            replace_text(self._record, json.dumps({"pid": process.pid, "started": process.started}))

    def stop_if_unused(self) -> bool:
        """Stop the daemon if a clone has started it and none uses it; return whether it was stopped.

        A daemon is in use if it has containers, or if a process holds `kept_running`, as every emulator does.

        Raises:
            DockerError: it does not end.
        """
        process = self._recorded()
        if process is None or not _may_install():
            return False
        # No process can begin to use it before it has exited.
        with self._locked(fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            # It is unknown what runs in a daemon that does not answer.
            if alone is None or not process.alive or not self._answers() or self._containers():
                return False
            if _has_systemd():
                # Its socket unit would start it again at the next request.
                _run("systemctl", "stop", "docker.service", "docker.socket")
            else:
                process.signal(signal.SIGTERM)
            deadline = time.monotonic() + _STOP_SECONDS
            while process.alive:
                if time.monotonic() > deadline:
                    what = f"the Docker daemon (process {process.pid})"
                    raise DockerError(
                        f"{what} does not exit within {_STOP_SECONDS} s: run `kill {process.pid}`"
                    )
                time.sleep(_POLL_SECONDS)
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
        """Return the process that a clone has started as the daemon; it may have ended since."""
        try:
            record: Any = json.loads(self._record.read_text())
            return ProcessIdentity(int(record["pid"]), str(record["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _process(self) -> ProcessIdentity | None:
        """Return the process that is the daemon now."""
        try:
            pid = int(self.pid_file.read_text())
            # The file remains after a daemon was killed, and another process may have the id by now.
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
    def _locked(self, how: int) -> Generator[int | None]:
        """Hold the lock of the daemon's users; yield None if it is not available."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / "docker.users", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError:
            yield None
            return
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
        finally:
            os.close(descriptor)

    def _install(self, say: Callable[[str], None]) -> None:
        say(f"No Docker daemon answers. These Debian packages bring one: {', '.join(_PACKAGES)}.")
        if not _agrees("Install them and start Docker?"):
            raise DockerError("no Docker daemon answers: install and start one, and run this again")
        # Another clone may be about the same.
        apt = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-o", "DPkg::Lock::Timeout=300")
        install = (*apt, "install", "--no-install-recommends")
        # A fresh image has no package lists, an old one has outdated ones: only then they are updated.
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
                    what = f"the Docker daemon, process {other.pid},"
                    raise DockerError(f"{what} neither answers nor exits: run `kill {other.pid}`")
            say("Starting the Docker daemon.")
            process = spawn(self.command, log=self._log, environment=os.environ)
            if self._comes_up(process, deadline):
                return True
            if process.alive:
                process.signal(signal.SIGTERM)
                how = f"does not answer after {_START_SECONDS} s"
            elif self._process() is not None:
                # Another daemon was faster, and this one exited.
                continue
            else:
                how = "exited"
            end = f"its log, {self._log}, ends with:\n{log_end(self._log, lines=5)}"
            raise DockerError(f"the Docker daemon {how}; {end}")

    def _comes_up(self, process: ProcessIdentity, deadline: float) -> bool:
        """Wait until a daemon answers; return whether it did before it ended and before the deadline."""
        while process.alive and time.monotonic() < deadline:
            # A daemon that is stopping still answers for a moment.
            if self._answers(1) and self._process() == process:
                return True
            time.sleep(_POLL_SECONDS)
        return False


def _may_install() -> bool:
    """Whether this is Debian or one of its descendants, and the user is root."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return False
    return "debian" in {release.get("ID"), *release.get("ID_LIKE", "").split()} and os.geteuid() == 0


def _has_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()


def _run(*command: str) -> int:
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode


def _agrees(question: str) -> bool:
    """Ask the user; without a terminal the answer is yes."""
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
