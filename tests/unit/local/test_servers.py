"""Servers: started once for a folder, found by their record, waited for and stopped."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from local import ports
from local.disk import DiskFullError
from local.processes import ProcessError, ProcessIdentity
from local.servers import Server

ECHO = "import os, socket; s = socket.socket(fileno=3); c = s.accept()[0]; c.send(b'x'); c.recv(1)"


@dataclass(frozen=True, kw_only=True)
class Small(Server):
    """A server that sends `x` to its first client."""

    NAME: ClassVar[str] = "small server"
    DEFAULT_PORT: ClassVar[int] = 1
    PORT_VARIABLE: ClassVar[str] = "SMALL_PORT"
    STOP_SECONDS: ClassVar[float] = 20.0

    colour: str

    @classmethod
    def start_or_join(cls, state_dir: Path, program: str = ECHO, colour: str = "red") -> Small:
        return cls.start(
            ["-c", program],
            state_dir=state_dir,
            port=0,
            say=pytest.fail,
            fits=lambda server: server.colour == colour,
            colour=colour,
        )

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
                return client.recv(1) == b"x"
        except OSError:
            return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Small]]:
    started: list[Small] = []

    def start(program: str = ECHO, colour: str = "red") -> Small:
        started.append(Small.start_or_join(tmp_path, program, colour))
        return started[-1]

    yield start
    for server in started:
        server.process.stop(seconds=0)


def test_a_server_is_found_by_its_record(start: Callable[..., Small], tmp_path: Path) -> None:
    server = start()

    assert Small.recorded(tmp_path) == server
    assert Small.running(tmp_path) == server


def test_a_running_server_that_fits_is_used(start: Callable[..., Small]) -> None:
    assert start() == start()


def test_a_running_server_that_does_not_fit_is_replaced(start: Callable[..., Small]) -> None:
    red, blue = start(colour="red"), start(colour="blue")

    assert not red.process.alive
    assert blue.process.alive


def test_a_server_that_has_exited_is_replaced(start: Callable[..., Small]) -> None:
    first = start("")
    assert first.process.wait(20)

    assert start().answers()


def test_clients_can_connect_before_the_server_is_ready(start: Callable[..., Small]) -> None:
    """Its port listens from the start."""
    assert start(f"import time; {ECHO}").answers()


def test_stop_ends_the_process_and_deletes_the_record(start: Callable[..., Small], tmp_path: Path) -> None:
    server = start()

    server.stop()

    assert not server.process.alive
    assert Small.recorded(tmp_path) is None
    assert {path.name for path in tmp_path.iterdir()} == {"small_server.log", "small_server.lock"}


def test_a_crashed_server_is_recorded_but_not_running(start: Callable[..., Small], tmp_path: Path) -> None:
    server = start()
    server.process.stop(seconds=20)

    assert Small.running(tmp_path) is None
    assert Small.recorded(tmp_path) == server


def test_stop_leaves_another_process_with_the_same_id_alone(
    start: Callable[..., Small], tmp_path: Path
) -> None:
    other = start()
    record = tmp_path / "small_server.json"
    record.write_text(
        json.dumps({**json.loads(record.read_text()), "started": "before the machine's restart"})
    )

    left = Small.recorded(tmp_path)
    assert left is not None
    left.stop()

    assert other.process.alive
    assert not record.exists()


def test_a_server_that_exits_is_an_error_with_the_end_of_its_log(start: Callable[..., Small]) -> None:
    server = start("raise SystemExit('no such thing')")

    with pytest.raises(ProcessError, match=r"(?s)the small server exited; its log, .*no such thing"):
        server.wait_until_ready()


def test_a_server_that_does_not_answer_in_time_is_an_error(tmp_path: Path) -> None:
    class Silent(Small):
        def answers(self) -> bool:
            return False

    own = ProcessIdentity.of(1)
    assert own is not None
    server = Silent(state_dir=tmp_path, process=own, port=1, colour="red")

    with pytest.raises(ProcessError, match="the small server does not answer after 0 s"):
        server.wait_until_ready(seconds=0)


def test_a_server_whose_record_cannot_be_written_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a record no command would find it."""
    started: list[ProcessIdentity] = []

    def full(_path: Path, text: str) -> None:
        record = json.loads(text)
        started.append(ProcessIdentity(record["pid"], record["started"]))
        raise DiskFullError("no room")

    monkeypatch.setattr("local.servers.replace_text", full)

    with pytest.raises(DiskFullError):
        Small.start_or_join(tmp_path)

    assert not started[0].alive


@pytest.mark.parametrize("text", ["0", "70000", "http"])
def test_an_invalid_port_is_refused_before_the_server_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SMALL_PORT", text)

    with pytest.raises(ports.PortError, match=f"SMALL_PORT is '{text}'"), Small.port_checked(tmp_path):
        pass


def test_a_port_in_use_is_refused_before_the_server_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as other:
        monkeypatch.setenv("SMALL_PORT", str(ports.port_of(other)))

        in_use = pytest.raises(ports.PortError, match=r"for the small server is in use: .*SMALL_PORT")
        with in_use, Small.port_checked(tmp_path):
            pass


def test_a_port_other_than_that_of_the_running_server_is_refused(
    start: Callable[..., Small], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be ignored: the server keeps its port."""
    port = start().port
    monkeypatch.setenv("SMALL_PORT", str(port - 1))

    with pytest.raises(ports.PortError) as error, Small.port_checked(tmp_path):
        pass

    assert str(error.value) == (
        f"the small server in {tmp_path} listens on port {port}, not {port - 1}: change SMALL_PORT, "
        "or run `make down`, which removes it with all local stacks"
    )


@pytest.mark.parametrize("is_set", [True, False])
def test_the_port_of_the_running_server_is_accepted(
    start: Callable[..., Small], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_set: bool
) -> None:
    port = start().port
    monkeypatch.setenv("SMALL_PORT", str(port) if is_set else "")

    with Small.port_checked(tmp_path):
        pass


def test_a_checked_port_is_kept_from_others_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two servers with the same port are refused before one is started."""
    port = ports.any_free()
    monkeypatch.setenv("SMALL_PORT", str(port))

    with Small.port_checked(tmp_path), pytest.raises(OSError, match="in use"):
        socket.create_server((ports.LOOPBACK, port))

    socket.create_server((ports.LOOPBACK, port)).close()
