"""A daemon is installed and started where that is asked for and possible, and stopped only if it is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from local.containers import (
    DockerError,
    Machine,
    connect,
    daemon_answers,
    ensure_daemon,
    kept_running,
    machine_architecture,
    stop_daemon_if_ours,
)


class FakeMachine:
    """A Debian machine without Docker: `start_by` is the command after which a daemon answers."""

    def __init__(self, *, start_by: str = "service", installed: bool = False, containers: int = 0) -> None:
        self.start_by = start_by
        self.installed = installed
        self.running = False
        self.container_count = containers
        self.commands: list[str] = []
        self.killed: list[int] = []
        self.stale_lists = False
        self.last_breaths: Iterator[bool] = iter(())
        """Whether the process that was killed still lives, question by question."""

    def run(self, command: Sequence[str]) -> int:
        line = " ".join(command)
        self.commands.append(line)
        if line == "apt-get update":
            self.stale_lists = False
        elif " install " in line:
            if self.stale_lists:
                return 100
            self.installed = True
        elif " stop" in line:
            self.running = False
        elif line.startswith(self.start_by):
            self.running = True
        return 0

    def spawn(self, command: Sequence[str]) -> int:
        self.commands.append(" ".join(command))
        self.running = self.running or self.start_by == "dockerd"
        return 4321

    def kill(self, pid: int) -> None:
        self.killed.append(pid)
        self.running = False

    def machine(self, **facts: Any) -> Machine:
        defaults: dict[str, Any] = {
            "root": True,
            "debian": True,
            "terminal": False,
            "systemd": False,
            "answers": lambda: self.running,
            "has": lambda _: self.installed,
            "run": self.run,
            "spawn": self.spawn,
            "kill": self.kill,
            "lives": lambda _: next(self.last_breaths, False),
            "containers": lambda: self.container_count,
            "pause": lambda _: None,
        }
        return Machine(**{**defaults, **facts})


@pytest.fixture(autouse=True)
def _no_docker_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "run" / "docker.json"


def never(question: str) -> bool:
    pytest.fail(f"nobody should be asked, but was: {question}")


def answering(answer: bool, questions: list[str]) -> Callable[[str], bool]:  # noqa: FBT001 -- what a person says
    def ask(question: str) -> bool:
        questions.append(question)
        return answer

    return ask


def test_a_daemon_that_answers_is_left_alone(marker: Path) -> None:
    fake = FakeMachine()
    fake.running = True

    ensure_daemon(never, say=pytest.fail, marker=marker, machine=fake.machine())

    assert fake.commands == []
    assert not marker.exists()


def test_without_a_terminal_it_says_what_it_installs_and_goes_ahead(marker: Path) -> None:
    fake = FakeMachine()
    said: list[str] = []

    ensure_daemon(never, say=said.append, marker=marker, machine=fake.machine())

    assert "docker.io" in said[0]
    assert fake.running
    assert "DEBIAN_FRONTEND=noninteractive" in fake.commands[0]


def test_on_a_terminal_a_no_installs_nothing(marker: Path) -> None:
    fake = FakeMachine()
    questions: list[str] = []

    with pytest.raises(DockerError, match="without a Docker daemon"):
        ensure_daemon(
            answering(False, questions),
            say=lambda _: None,
            marker=marker,
            machine=fake.machine(terminal=True),
        )

    assert fake.commands == []
    assert len(questions) == 1


def test_on_a_terminal_a_yes_installs_and_starts(marker: Path) -> None:
    fake = FakeMachine()

    ensure_daemon(answering(True, []), say=lambda _: None, marker=marker, machine=fake.machine(terminal=True))

    assert fake.running


def test_stale_package_lists_are_renewed_once(marker: Path) -> None:
    fake = FakeMachine()
    fake.stale_lists = True

    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    assert fake.commands[1] == "apt-get update"
    assert fake.running


def test_packages_that_cannot_be_had_are_an_error_that_says_so(marker: Path) -> None:
    fake = FakeMachine()

    with pytest.raises(DockerError, match="apt-get could not install"):
        ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine(run=lambda _: 100))


def test_an_installed_daemon_is_started_unasked(marker: Path) -> None:
    fake = FakeMachine(installed=True)

    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine(terminal=True))

    assert fake.commands == ["service docker start"]


@pytest.mark.parametrize(
    ("facts", "start_by", "command"),
    [
        ({"systemd": True}, "systemctl", "systemctl start docker"),
        ({}, "service", "service docker start"),
        ({"has": lambda command: command in {"dockerd", "docker"}}, "dockerd", "dockerd"),
    ],
)
def test_it_is_started_the_machines_own_way(
    marker: Path, facts: dict[str, Any], start_by: str, command: str
) -> None:
    fake = FakeMachine(installed=True, start_by=start_by)

    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine(**facts))

    assert fake.commands == [command]


def test_dockerd_itself_is_started_where_the_service_does_nothing(marker: Path) -> None:
    fake = FakeMachine(installed=True, start_by="dockerd")

    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    assert fake.commands == ["service docker start", "dockerd"]
    assert json.loads(marker.read_text()) == {"how": "process", "pid": 4321}


def test_a_daemon_that_does_not_start_is_ended_and_its_log_named(marker: Path) -> None:
    fake = FakeMachine(installed=True, start_by="nothing")

    with pytest.raises(DockerError, match=r"dockerd\.log"):
        ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    assert fake.killed == [4321]
    assert not marker.exists()


@pytest.mark.parametrize("facts", [{"root": False}, {"debian": False}])
def test_elsewhere_nothing_is_installed_and_one_sentence_says_what_to_do(
    marker: Path, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.containers._SOCKET", Path("/nowhere/docker.sock"))
    fake = FakeMachine()

    with pytest.raises(DockerError, match="no Docker daemon answers: ") as caught:
        ensure_daemon(never, say=pytest.fail, marker=marker, machine=fake.machine(**facts))

    assert fake.commands == []
    assert "\n" not in str(caught.value)


def test_a_mac_is_told_of_docker_desktop(marker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.containers._SOCKET", Path("/nowhere/docker.sock"))
    monkeypatch.setattr("platform.system", lambda: "Darwin")

    with pytest.raises(DockerError, match="Docker Desktop"):
        ensure_daemon(never, marker=marker, machine=FakeMachine().machine(debian=False, root=False))


def test_a_docker_host_that_is_silent_is_named_and_nothing_is_installed(
    marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    fake = FakeMachine()

    with pytest.raises(DockerError, match=r"DOCKER_HOST=tcp://127\.0\.0\.1:1"):
        ensure_daemon(never, marker=marker, machine=fake.machine())

    assert fake.commands == []


@pytest.mark.parametrize(
    ("facts", "start_by", "stop"),
    [
        ({"systemd": True}, "systemctl", "systemctl stop docker.service docker.socket"),
        ({}, "service", "service docker stop"),
    ],
)
def test_what_was_started_is_stopped_the_same_way(
    marker: Path, facts: dict[str, Any], start_by: str, stop: str
) -> None:
    fake = FakeMachine(installed=True, start_by=start_by)
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine(**facts))

    assert stop_daemon_if_ours(marker=marker, machine=fake.machine(**facts))

    assert fake.commands[-1] == stop
    assert not marker.parent.exists()


def test_a_dockerd_of_our_own_is_ended_by_its_process_id(marker: Path) -> None:
    fake = FakeMachine(installed=True, start_by="dockerd")
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    assert stop_daemon_if_ours(marker=marker, machine=fake.machine())

    assert fake.killed == [4321]


def test_a_dockerd_of_our_own_is_gone_when_it_counts_as_stopped(marker: Path) -> None:
    fake = FakeMachine(installed=True, start_by="dockerd")
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())
    fake.last_breaths = iter([True, True])

    assert stop_daemon_if_ours(marker=marker, machine=fake.machine())

    assert next(fake.last_breaths, "gone") == "gone"


def test_our_daemon_goes_on_while_somebody_keeps_it_running(marker: Path) -> None:
    fake = FakeMachine(installed=True)
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    with kept_running(marker=marker):
        assert not stop_daemon_if_ours(marker=marker, machine=fake.machine())
    assert stop_daemon_if_ours(marker=marker, machine=fake.machine())


def test_a_daemon_that_is_not_ours_needs_no_keeping(marker: Path) -> None:
    with kept_running(marker=marker):
        assert not marker.parent.exists()


def test_a_daemon_that_somebody_else_started_goes_on(marker: Path) -> None:
    fake = FakeMachine()
    fake.running = True

    assert not stop_daemon_if_ours(marker=marker, machine=fake.machine())

    assert fake.running


def test_our_daemon_goes_on_while_it_has_containers(marker: Path) -> None:
    fake = FakeMachine(installed=True, containers=1)
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())

    assert not stop_daemon_if_ours(marker=marker, machine=fake.machine())

    assert fake.running
    assert marker.exists()


def test_the_marker_of_a_daemon_that_is_gone_is_removed(marker: Path) -> None:
    fake = FakeMachine(installed=True)
    ensure_daemon(never, say=lambda _: None, marker=marker, machine=fake.machine())
    fake.running = False

    assert stop_daemon_if_ours(marker=marker, machine=fake.machine())

    assert not marker.exists()


def test_no_daemon_is_an_answer_and_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")

    assert not daemon_answers()
    with pytest.raises(DockerError, match="unset DOCKER_HOST"):
        connect()


@pytest.mark.parametrize(
    ("machine", "expected"), [("x86_64", "X86_64"), ("AMD64", "X86_64"), ("arm64", "ARM64")]
)
def test_processors_are_named_as_ecs_does(
    monkeypatch: pytest.MonkeyPatch, machine: str, expected: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert machine_architecture() == expected


def test_a_processor_that_ecs_does_not_have_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(DockerError, match="riscv64"):
        machine_architecture()
