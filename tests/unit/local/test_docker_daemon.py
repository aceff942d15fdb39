"""The Docker daemon: installed, started and shared; stopped only if a clone started it and nothing uses it."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local import docker_daemon as module
from local.docker import DockerError
from local.docker_daemon import DockerDaemon


@dataclass(eq=False)
class FakeProcess:
    """A dockerd that runs until it is stopped, or for a number of checks."""

    pid: int
    started: str = "then"
    checks: int | None = None
    """How many more checks find it alive; None for all."""
    stubborn: bool = False
    signals: list[int] = field(default_factory=list[int])

    @property
    def alive(self) -> bool:
        if self.checks is not None:
            self.checks -= 1
        return self.checks is None or self.checks >= 0

    def signal(self, number: signal.Signals) -> bool:
        self.signals.append(number)
        return True

    def wait(self, seconds: float) -> bool:
        self.checks = None if self.stubborn else 0
        return not self.stubborn


@dataclass
class Machine:
    """A Debian machine without Docker, whose clock advances by waiting."""

    may_install: bool = True
    answer: str | None = None
    """The user's answer to prompts; None without a terminal."""
    questions: list[str] = field(default_factory=list[str])
    has_systemd: bool = False
    installed: bool = False
    installing_starts_it: bool = False
    stale_lists: bool = False
    failing: bool = False
    """Whether every command fails."""
    daemon: FakeProcess | None = None
    """The process in the process file."""
    listens_at: float | None = None
    """Time from which the daemon answers."""
    container_count: int = 0
    next: list[FakeProcess] = field(default_factory=list[FakeProcess])
    """Processes of the next starts; by default daemons that answer."""
    started: list[FakeProcess] = field(default_factory=list[FakeProcess])
    commands: list[str] = field(default_factory=list[str])
    clock: float = 0.0

    def run(self, *command: str) -> int:
        line = " ".join(command)
        self.commands.append(line)
        if self.failing:
            return 100
        if line.endswith("update"):
            self.stale_lists = False
        elif " install " in line:
            if self.stale_lists:
                return 100
            self.installed = True
            if self.installing_starts_it:
                self.comes_up(300)
        elif line.startswith("systemctl start"):
            self.comes_up(200)
        elif line.startswith("systemctl stop") and self.daemon is not None:
            self.daemon.checks = 0
        return 0

    def comes_up(self, pid: int) -> None:
        self.daemon, self.listens_at = FakeProcess(pid), self.clock

    def spawn(self, command: tuple[str, ...], *, log: Path, environment: Any) -> Any:
        self.commands.append(" ".join(command))
        log.write_text("failed to start daemon: reasons\n")
        process = self.next.pop(0) if self.next else FakeProcess(100)
        self.started.append(process)
        if process.checks is None:
            self.daemon = process
            self.listens_at = None if process.stubborn else self.clock
        return process

    def process(self) -> Any:
        return self.daemon if self.daemon is not None and self.daemon.checks != -1 else None

    def answers(self, _socket: Path, **_options: Any) -> bool:
        return self.listens_at is not None and self.clock >= self.listens_at and self.process() is not None

    def recorded(self, record: Any) -> Any:
        """Return a recorded process, which may have exited."""
        pid, started = record["pid"], record["started"]
        processes = [*self.started, *([self.daemon] if self.daemon else [])]
        matching = (process for process in processes if (process.pid, process.started) == (pid, started))
        return next(matching, FakeProcess(pid, checks=0))

    def prompt(self, question: str) -> str:
        self.questions.append(question)
        assert self.answer is not None
        return self.answer

    def sleep(self, seconds: float) -> None:
        self.clock += seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    client = SimpleNamespace(
        api=SimpleNamespace(containers=lambda **_: [{}] * machine.container_count), close=lambda: None
    )
    for name, stand_in in {
        "_run": machine.run,
        "_may_install": lambda: machine.may_install,
        "_has_systemd": lambda: machine.has_systemd,
        "spawn": machine.spawn,
        "ProcessIdentity": SimpleNamespace(from_record=machine.recorded),
        "time": SimpleNamespace(monotonic=lambda: machine.clock, sleep=machine.sleep),
        "shutil": SimpleNamespace(which=lambda _command: "found" if machine.installed else None),
        "sys": SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: machine.answer is not None)),
        "input": machine.prompt,
        "docker.answers": machine.answers,
        "docker.connect": lambda **_: client,
    }.items():
        monkeypatch.setattr(f"local.docker_daemon.{name}", stand_in, raising=name != "input")
    monkeypatch.setattr(DockerDaemon, "_process", lambda _daemon: machine.process())
    return machine


@pytest.fixture
def daemon(tmp_path: Path, machine: Machine) -> DockerDaemon:
    return DockerDaemon(tmp_path / "run")


def start(daemon: DockerDaemon) -> list[str]:
    lines: list[str] = []
    with daemon.kept_running():
        daemon.start_or_join(say=lines.append)
    return lines


def test_a_running_daemon_is_used_and_never_stopped(daemon: DockerDaemon, machine: Machine) -> None:
    machine.comes_up(1)
    assert machine.daemon is not None

    assert start(daemon) == []

    assert not daemon.stop_if_unused()
    assert (machine.commands, machine.daemon.signals) == ([], [])


@pytest.mark.parametrize(("answer", "prompts"), [(None, 0), ("", 1), ("y", 1), ("YES ", 1)])
def test_it_is_installed_and_started_with_consent_or_without_a_terminal(
    daemon: DockerDaemon, machine: Machine, answer: str | None, prompts: int
) -> None:
    machine.answer = answer

    lines = start(daemon)

    assert "docker.io" in lines[0]
    assert "DEBIAN_FRONTEND=noninteractive" in machine.commands[0]
    assert machine.listens_at is not None
    assert len(machine.questions) == prompts


def test_outdated_package_lists_are_updated(daemon: DockerDaemon, machine: Machine) -> None:
    machine.stale_lists = True

    start(daemon)

    assert machine.commands[1].endswith("-o DPkg::Lock::Timeout=300 update")
    assert machine.listens_at is not None


def test_an_installed_daemon_is_started_without_a_prompt(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installed, machine.answer = True, "no"

    assert start(daemon) == ["Starting the Docker daemon."]

    assert (machine.commands, machine.questions) == (["dockerd"], [])


def test_with_systemd_the_daemon_is_started_and_stopped_by_it(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installed = machine.has_systemd = True

    start(daemon)
    assert daemon.stop_if_unused()

    assert machine.commands == ["systemctl start docker", "systemctl stop docker.service docker.socket"]


@pytest.mark.parametrize(
    ("state", "error", "signals"),
    [
        ({"answer": "no"}, "^no Docker daemon answers: install and start one", []),
        ({"may_install": False}, "^no Docker daemon answers: ", []),
        ({"failing": True}, "apt-get could not install", []),
        ({"installed": True, "has_systemd": True, "failing": True}, "journalctl --unit docker", []),
        ({"installed": True, "next": [FakeProcess(100, checks=1)]}, r"(?s) exited; its log, .*reasons", [[]]),
        (
            {"installed": True, "next": [FakeProcess(100, stubborn=True)]},
            "does not answer after 60 s",
            [[signal.SIGTERM]],
        ),
        ({"installed": True, "daemon": FakeProcess(7)}, "process 7, neither answers nor exits", []),
    ],
    ids=[
        "the user declines",
        "the user may not install",
        "the installation fails",
        "systemd fails",
        "the daemon exits",
        "the daemon does not answer",
        "another daemon neither answers nor exits",
    ],
)
def test_a_start_fails_with_the_reason_if(
    daemon: DockerDaemon, machine: Machine, state: dict[str, Any], error: str, signals: list[list[int]]
) -> None:
    for name, value in state.items():
        setattr(machine, name, value)

    with pytest.raises(DockerError, match=error):
        start(daemon)

    assert [process.signals for process in machine.started] == signals
    assert machine.daemon is None or machine.daemon in machine.started or machine.daemon.signals == []
    assert not daemon.stop_if_unused()


def test_a_docker_host_that_does_not_answer_is_an_error_with_its_address(
    daemon: DockerDaemon, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    with pytest.raises(DockerError, match=r"DOCKER_HOST=tcp://127\.0\.0\.1:1"):
        start(daemon)

    assert machine.commands == []


@pytest.mark.parametrize("spawned", [False, True], ids=["starting before", "starting at the same time"])
def test_a_daemon_that_another_clone_starts_is_used_and_not_stopped(
    daemon: DockerDaemon, machine: Machine, monkeypatch: pytest.MonkeyPatch, *, spawned: bool
) -> None:
    """Only one daemon can run: a second one exits."""
    machine.installed = True
    machine.next = [FakeProcess(100, checks=1)]
    if not spawned:
        machine.daemon, machine.listens_at = FakeProcess(7), 3

    def spawn_too_late(*arguments: Any, **options: Any) -> Any:
        process = machine.spawn(*arguments, **options)
        machine.comes_up(7)
        return process

    monkeypatch.setattr(module, "spawn", spawn_too_late)

    start(daemon)

    assert machine.commands == (["dockerd"] if spawned else [])
    assert not daemon.stop_if_unused()


def test_a_daemon_that_the_installation_starts_is_stopped_later(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.installing_starts_it = True

    start(daemon)

    assert machine.daemon is not None
    assert "dockerd" not in machine.commands
    assert daemon.stop_if_unused()
    assert machine.daemon.signals == [signal.SIGTERM]


@pytest.fixture
def own(daemon: DockerDaemon, machine: Machine) -> FakeProcess:
    """The process of a daemon that was started here."""
    machine.installed = True
    start(daemon)
    return machine.started[0]


def test_a_daemon_that_does_not_exit_is_an_error(daemon: DockerDaemon, own: FakeProcess) -> None:
    own.stubborn = True

    with pytest.raises(DockerError, match=r"process 100\) does not exit within 30 s"):
        daemon.stop_if_unused()


@pytest.mark.parametrize(
    ("name", "value"),
    [("container_count", 1), ("listens_at", None), ("may_install", False)],
    ids=["it has containers", "it does not answer, so it may have containers", "the user may not start one"],
)
def test_the_daemon_is_not_stopped_if(
    daemon: DockerDaemon, machine: Machine, own: FakeProcess, name: str, value: Any
) -> None:
    setattr(machine, name, value)

    assert not daemon.stop_if_unused()
    assert own.signals == []


@pytest.mark.parametrize("record", [None, "", "[]", '{"pid": 1}', '{"pid": "x", "started": "y"}'])
def test_another_process_than_the_recorded_daemon_is_not_stopped(
    daemon: DockerDaemon, machine: Machine, own: FakeProcess, record: str | None
) -> None:
    """The recorded daemon may have exited, and another one may have its process id; or the record is damaged."""
    own.checks = 0
    machine.started.clear()
    machine.daemon = FakeProcess(own.pid, started="later")
    if record is not None:
        (daemon.folder / "docker.json").write_text(record)

    assert not daemon.stop_if_unused()
    assert machine.daemon.signals == own.signals == []


def test_keeping_it_running_needs_no_write_access(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with DockerDaemon(file / "run").kept_running() as hold:
        assert hold is None


@pytest.mark.parametrize("content", ["", "x", "1"])
def test_a_process_file_without_a_running_dockerd_is_ignored(tmp_path: Path, content: str) -> None:
    """The file outlives a killed daemon, and its id may be reused."""
    pid_file = tmp_path / "docker.pid"
    pid_file.write_text(content)

    assert DockerDaemon(pid_file=pid_file)._process() is None
    assert DockerDaemon(pid_file=tmp_path / "none")._process() is None


@pytest.mark.parametrize(
    ("release", "user", "expected"),
    [
        ({"ID": "debian"}, 0, True),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, 0, True),
        ({"ID": "debian"}, 1000, False),
        ({"ID": "fedora", "ID_LIKE": "rhel centos"}, 0, False),
    ],
)
def test_only_root_on_debian_or_a_derivative_may_install(
    monkeypatch: pytest.MonkeyPatch, release: dict[str, str], user: int, *, expected: bool
) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert module._may_install() is expected
