"""The emulator as a process: where it listens, how it is known, what it leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest

from local import ports
from local.docker_daemon import FOLDER
from local.emulator import Emulator, EmulatorError
from local.ports import PortError
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Emulator]]:
    """Start an emulator of the test's own; whatever runs at the end is stopped."""

    def start(**options: Any) -> Emulator:
        return Emulator.start_or_join(**{"port": 0, "state_dir": tmp_path, **options})

    yield start
    if (left := Emulator.recorded(tmp_path)) is not None:
        left.stop()


def listening(pid: int) -> set[str]:
    """Return the addresses on which a process listens."""
    inodes = {
        match[1]
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if (match := re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink())))
    }
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {line[1].partition(":")[0] for line in lines if line[3] == "0A" and line[9] in inodes}


def test_the_emulator_listens_on_loopback_only(emulator: Emulator) -> None:
    loopback = socket.inet_aton(ports.LOOPBACK)[::-1].hex().upper()

    assert listening(emulator.process.pid) == {loopback}


def test_requests_wait_until_the_emulator_is_ready(start: Callable[..., Emulator]) -> None:
    """So that what comes next can start at the same time."""
    emulator = start()

    assert Cloud(emulator.endpoint).client("sts").get_caller_identity()["Account"]
    emulator.wait_until_ready()


def test_the_emulator_offers_the_services_that_a_stack_uses(emulator: Emulator) -> None:
    cloud = Cloud(emulator.endpoint)

    assert cloud.client("sts").get_caller_identity()["Account"]
    nobody_s = cloud.client("ecs").describe_clusters(clusters=["nobody-made-this-one"])
    assert [failure["reason"] for failure in nobody_s["failures"]] == ["MISSING"]


def test_a_second_start_joins_the_running_emulator(start: Callable[..., Emulator]) -> None:
    first = start()

    assert start() == first
    first.wait_until_ready()
    assert Emulator.running(first.state_dir) == first


def test_an_emulator_of_another_region_is_not_joined(start: Callable[..., Emulator]) -> None:
    """Its load balancers would answer nothing."""
    start()

    with pytest.raises(EmulatorError, match=r"runs for region us-east-1, not eu-west-1: `make down`"):
        start(region="eu-west-1")


def test_after_a_crash_an_emulator_with_a_new_identity_starts(
    start: Callable[..., Emulator], tmp_path: Path
) -> None:
    """A state that describes the old one must not be believed."""
    first = start()
    first.process.signal(signal.SIGKILL)
    assert first.process.wait(20)
    second = start()
    second.wait_until_ready()

    assert second.identity != first.identity
    assert Emulator.running(tmp_path) == second


def test_stopping_frees_the_port_and_keeps_the_log(start: Callable[..., Emulator], tmp_path: Path) -> None:
    emulator = start()
    emulator.wait_until_ready()

    emulator.stop()

    assert Emulator.running(tmp_path) is None
    socket.create_server((ports.LOOPBACK, emulator.port)).close()
    assert {path.name for path in tmp_path.iterdir()} == {"emulator.log", "emulator.lock"}


STARTED_AT_ONCE = """
import sys
from pathlib import Path
from local.emulator import Emulator
print("ready", flush=True)
sys.stdin.readline()
emulator = Emulator.start_or_join(state_dir=Path(sys.argv[1]), say=lambda _: None)
print(emulator.process.pid, emulator.port, emulator.answers(), flush=True)
"""


def started_at_once(*folders: Path) -> list[list[str]]:
    """Start or join emulators in processes that begin at the same moment; return id, port and whether it answers."""
    command = [sys.executable, "-c", STARTED_AT_ONCE]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "EMULATOR_PORT": ""}
    processes = [
        subprocess.Popen(
            [*command, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for folder in folders
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].split() for process in processes]


@pytest.mark.usefixtures("start")
def test_two_commands_at_once_share_one_emulator(tmp_path: Path) -> None:
    first, second = started_at_once(tmp_path, tmp_path)

    assert first == second
    assert first[2] == "True"


def test_two_clones_that_start_at_once_get_a_port_each(tmp_path: Path) -> None:
    """Both find the usual port free."""
    folders = [tmp_path / "one", tmp_path / "two"]
    try:
        first, second = started_at_once(*folders)

        assert first[1] != second[1]
        assert first[2] == second[2] == "True"
    finally:
        for folder in folders:
            if (left := Emulator.recorded(folder)) is not None:
                left.stop()


def test_a_port_that_is_in_use_is_left_alone(start: Callable[..., Emulator], tmp_path: Path) -> None:
    with (
        socket.create_server((ports.LOOPBACK, 0)) as other,
        pytest.raises(PortError, match="is in use"),
    ):
        start(port=other.getsockname()[1])

    assert Emulator.recorded(tmp_path) is None


@pytest.mark.docker
def test_no_clone_stops_the_docker_daemon_of_a_running_emulator(start: Callable[..., Emulator]) -> None:
    """The other clone cannot see whether this one is about to start a task."""
    emulator = start()
    held = {os.path.realpath(f"/proc/{emulator.process.pid}/fd/{each}") for each in (3, 4)}

    assert str(FOLDER / "docker.users") in held


def test_a_foreign_emulator_on_the_recorded_port_is_not_joined(emulator: Emulator) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"edition": "light"}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer((ports.LOOPBACK, 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert not replace(emulator, port=server.server_port).answers()


@pytest.mark.docker
def test_stop_after_a_crash_removes_its_containers_and_no_others(start: Callable[..., Emulator]) -> None:
    """A killed emulator cannot clean up, and `make down` has to leave nothing."""
    emulator = start()
    client: Any = docker.from_env()
    image = f"node-on-ecs-test-{uuid.uuid4().hex}"
    client.api.import_image_from_data(b"\0" * 1024, repository=image)
    try:
        theirs, own = (
            client.containers.create(image, "x", labels={"ministack.instance": f"{owner}:{emulator.port}"})
            for owner in ("another", emulator.identity)
        )
        emulator.process.signal(signal.SIGKILL)
        assert emulator.process.wait(20)

        emulator.stop()

        left = {container.id for container in client.containers.list(all=True, ignore_removed=True)}
        theirs.remove(force=True)
        assert theirs.id in left
        assert own.id not in left
    finally:
        client.images.remove(image, force=True)
        client.close()
