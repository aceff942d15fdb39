"""A daemon is installed and started where that is possible, shared, and stopped only if it is ours and unused."""

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
    """A dockerd that lives until it is told to end, or for some looks."""

    pid: int
    started: str = "then"
    looks: int | None = None
    """How often it is still seen alive."""
    stubborn: bool = False
    signals: list[int] = field(default_factory=list[int])

    @property
    def alive(self) -> bool:
        if self.looks is not None:
            self.looks -= 1
        return self.looks is None or self.looks >= 0

    def signal(self, number: signal.Signals) -> bool:
        self.signals.append(number)
        if not self.stubborn:
            self.looks = 2
        return True


@dataclass
class Machine:
    """A Debian machine without Docker, whose clock is turned by waiting."""

    may_install: bool = True
    answer: str | None = None
    """What the user says on the terminal; None without a terminal."""
    questions: list[str] = field(default_factory=list[str])
    has_systemd: bool = False
    installed: bool = False
    installing_starts_it: bool = False
    stale_lists: bool = False
    failing: bool = False
    """Whether every command fails."""
    daemon: FakeProcess | None = None
    """The one that the process file names."""
    listens_at: float | None = None
    """From when on it answers."""
    container_count: int = 0
    next: list[FakeProcess] = field(default_factory=list[FakeProcess])
    """What the next starts bring; without, daemons that answer."""
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
            self.daemon.looks = 0
        return 0

    def comes_up(self, pid: int) -> None:
        self.daemon, self.listens_at = FakeProcess(pid), self.clock

    def spawn(self, command: tuple[str, ...], *, log: Path, environment: Any) -> Any:
        self.commands.append(" ".join(command))
        log.write_text("failed to start daemon: reasons\n")
        process = self.next.pop(0) if self.next else FakeProcess(100)
        self.started.append(process)
        if process.looks is None:
            self.daemon = process
            self.listens_at = None if process.stubborn else self.clock
        return process

    def process(self) -> Any:
        return self.daemon if self.daemon is not None and self.daemon.looks != -1 else None

    def answers(self, _socket: Path, **_options: Any) -> bool:
        return self.listens_at is not None and self.clock >= self.listens_at and self.process() is not None

    def recorded(self, pid: int, started: str) -> Any:
        """Look up a recorded process among all that there were."""
        known = [*self.started, *([self.daemon] if self.daemon else [])]
        found = (process for process in known if (process.pid, process.started) == (pid, started))
        return next(found, FakeProcess(pid, looks=0))

    def ask(self, question: str) -> str:
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
        "ProcessIdentity": machine.recorded,
        "time": SimpleNamespace(monotonic=lambda: machine.clock, sleep=machine.sleep),
        "shutil": SimpleNamespace(which=lambda _command: "found" if machine.installed else None),
        "sys": SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: machine.answer is not None)),
        "input": machine.ask,
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
    said: list[str] = []
    with daemon.kept_running():
        daemon.start_or_join(say=said.append)
    return said


def test_a_daemon_that_answers_is_used_and_not_ours_to_stop(daemon: DockerDaemon, machine: Machine) -> None:
    machine.comes_up(1)
    assert machine.daemon is not None

    assert start(daemon) == []

    assert not daemon.stop_if_unused()
    assert (machine.commands, machine.daemon.signals) == ([], [])


def test_without_a_terminal_it_says_what_it_installs_and_goes_ahead(
    daemon: DockerDaemon, machine: Machine
) -> None:
    said = start(daemon)

    assert "docker.io" in said[0]
    assert "DEBIAN_FRONTEND=noninteractive" in machine.commands[0]
    assert machine.listens_at is not None


@pytest.mark.parametrize("answer", ["n", "no", "what?"])
def test_on_a_terminal_nothing_is_installed_without_a_yes(
    daemon: DockerDaemon, machine: Machine, answer: str
) -> None:
    machine.answer = answer

    with pytest.raises(DockerError, match="install and start one"):
        start(daemon)

    assert (machine.commands, len(machine.questions)) == ([], 1)


@pytest.mark.parametrize("answer", ["", "y", "YES "])
def test_on_a_terminal_a_yes_installs_and_starts(daemon: DockerDaemon, machine: Machine, answer: str) -> None:
    machine.answer = answer

    start(daemon)

    assert machine.listens_at is not None


def test_stale_package_lists_are_renewed_once(daemon: DockerDaemon, machine: Machine) -> None:
    machine.stale_lists = True

    start(daemon)

    assert machine.commands[1].endswith("-o DPkg::Lock::Timeout=300 update")
    assert machine.listens_at is not None


def test_packages_that_cannot_be_had_are_an_error_that_says_so(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.failing = True

    with pytest.raises(DockerError, match="apt-get could not install"):
        start(daemon)


def test_an_installed_daemon_is_started_unasked(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installed, machine.answer = True, "no"

    assert start(daemon) == ["Starting the Docker daemon."]

    assert (machine.commands, machine.questions) == (["dockerd"], [])


def test_where_systemd_starts_services_it_starts_and_stops_the_daemon(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.installed = machine.has_systemd = True

    start(daemon)
    assert daemon.stop_if_unused()

    assert machine.commands == ["systemctl start docker", "systemctl stop docker.service docker.socket"]


def test_where_systemd_cannot_start_it_the_error_names_the_log(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.installed = machine.has_systemd = machine.failing = True

    with pytest.raises(DockerError, match="journalctl --unit docker"):
        start(daemon)


def test_a_daemon_that_exits_at_once_is_told_at_once_with_its_log(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.installed = True
    machine.next = [FakeProcess(100, looks=1)]

    with pytest.raises(DockerError, match=r"(?s)the Docker daemon exited; its log, .*reasons"):
        start(daemon)

    assert machine.clock <= 2
    assert not daemon.stop_if_unused()


def test_a_daemon_that_does_not_answer_is_ended(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installed = True
    machine.next = [FakeProcess(100, stubborn=True)]

    with pytest.raises(DockerError, match="does not answer after 60 s"):
        start(daemon)

    assert machine.started[0].signals == [signal.SIGTERM]


def test_a_daemon_that_is_ending_is_waited_for_and_another_one_started(
    daemon: DockerDaemon, machine: Machine
) -> None:
    """Its socket is there and nobody answers; a second daemon would exit at once."""
    machine.installed = True
    machine.daemon = FakeProcess(7, looks=3)

    said = start(daemon)

    assert said == [
        "Another Docker daemon, process 7, is starting or stopping: waiting for it.",
        "Starting the Docker daemon.",
    ]
    assert machine.clock < 10
    assert machine.daemon.pid == 100


def test_a_daemon_that_somebody_else_starts_meanwhile_is_used_and_not_ours_to_stop(
    daemon: DockerDaemon, machine: Machine
) -> None:
    machine.installed = True
    machine.daemon, machine.listens_at = FakeProcess(7), 3

    start(daemon)

    assert machine.commands == []
    assert not daemon.stop_if_unused()


def test_of_two_that_start_it_at_once_the_slower_one_uses_the_others(
    daemon: DockerDaemon, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon itself lets only one run: the second one exits."""
    machine.installed = True
    machine.next = [FakeProcess(100, looks=1)]

    def beaten(*arguments: Any, **options: Any) -> Any:
        process = machine.spawn(*arguments, **options)
        machine.comes_up(7)
        return process

    monkeypatch.setattr(module, "spawn", beaten)

    start(daemon)

    assert machine.commands == ["dockerd"]
    assert not daemon.stop_if_unused()


def test_a_daemon_that_neither_answers_nor_ends_is_named(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installed = True
    machine.daemon = FakeProcess(7)

    with pytest.raises(DockerError, match="process 7, neither answers nor exits"):
        start(daemon)

    assert (machine.commands, machine.daemon.signals) == ([], [])


def test_a_daemon_that_its_installation_has_started_is_ours(daemon: DockerDaemon, machine: Machine) -> None:
    machine.installing_starts_it = True

    start(daemon)

    assert machine.daemon is not None
    assert "dockerd" not in machine.commands
    assert daemon.stop_if_unused()
    assert machine.daemon.signals == [signal.SIGTERM]


def test_elsewhere_nothing_is_installed_and_one_sentence_says_what_to_do(
    daemon: DockerDaemon, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.docker.SOCKET", Path("/nowhere/docker.sock"))
    machine.may_install = False

    with pytest.raises(DockerError, match="no Docker daemon answers: ") as caught:
        start(daemon)

    assert machine.commands == []
    assert "\n" not in str(caught.value)


def test_a_docker_host_that_is_silent_is_named_and_nothing_is_installed(
    daemon: DockerDaemon, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    with pytest.raises(DockerError, match=r"DOCKER_HOST=tcp://127\.0\.0\.1:1"):
        start(daemon)

    assert machine.commands == []


@pytest.fixture
def ours(daemon: DockerDaemon, machine: Machine) -> FakeProcess:
    """The process of a daemon that was started."""
    machine.installed = True
    start(daemon)
    return machine.started[0]


def test_our_daemon_has_ended_when_it_counts_as_stopped(daemon: DockerDaemon, ours: FakeProcess) -> None:
    assert daemon.stop_if_unused()

    assert ours.signals == [signal.SIGTERM]
    assert not ours.alive
    assert not daemon.stop_if_unused()


def test_a_daemon_that_does_not_end_is_named(daemon: DockerDaemon, ours: FakeProcess) -> None:
    ours.stubborn = True

    with pytest.raises(DockerError, match=r"process 100\) does not exit within 30 s"):
        daemon.stop_if_unused()


def test_our_daemon_goes_on_until_its_last_user_is_gone(daemon: DockerDaemon, ours: FakeProcess) -> None:
    with daemon.kept_running():
        with daemon.kept_running():
            assert not daemon.stop_if_unused()
        assert not daemon.stop_if_unused()
    assert ours.signals == []

    assert daemon.stop_if_unused()


def test_our_daemon_goes_on_while_it_has_containers(
    daemon: DockerDaemon, machine: Machine, ours: FakeProcess
) -> None:
    machine.container_count = 1

    assert not daemon.stop_if_unused()
    machine.container_count = 0
    assert daemon.stop_if_unused()
    assert ours.signals == [signal.SIGTERM]


def test_a_daemon_that_does_not_answer_may_have_containers(
    daemon: DockerDaemon, machine: Machine, ours: FakeProcess
) -> None:
    machine.listens_at = None

    assert not daemon.stop_if_unused()
    assert ours.signals == []


def test_another_daemon_in_the_place_of_ours_goes_on(
    daemon: DockerDaemon, machine: Machine, ours: FakeProcess
) -> None:
    """Ours has ended, its record is still there, and even its process id may be another daemon's."""
    ours.looks = 0
    machine.started.clear()
    machine.daemon = FakeProcess(ours.pid, started="later")

    assert not daemon.stop_if_unused()
    assert machine.daemon.signals == []


@pytest.mark.parametrize(
    "content", ["", "[]", '{"how": "process", "pid": 1}', '{"pid": "x", "started": "y"}']
)
def test_a_record_that_cannot_be_read_stops_nothing(
    daemon: DockerDaemon, ours: FakeProcess, content: str
) -> None:
    (daemon.folder / "docker.json").write_text(content)

    assert not daemon.stop_if_unused()
    assert ours.signals == []


def test_a_user_who_could_not_have_started_it_does_not_stop_it(
    daemon: DockerDaemon, machine: Machine, ours: FakeProcess
) -> None:
    machine.may_install = False

    assert not daemon.stop_if_unused()
    assert ours.signals == []


def test_keeping_it_running_needs_no_right_to_have_started_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")

    with DockerDaemon(file / "run").kept_running() as hold:
        assert hold is None


@pytest.mark.parametrize("content", ["", "x", "1"])
def test_a_process_file_that_names_no_docker_daemon_names_none(tmp_path: Path, content: str) -> None:
    """The file outlives a daemon that is killed, and its id is given to another process."""
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
def test_root_on_debian_and_its_descendants_may_install(
    monkeypatch: pytest.MonkeyPatch, release: dict[str, str], user: int, *, expected: bool
) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    monkeypatch.setattr("os.geteuid", lambda: user)

    assert module._may_install() is expected
