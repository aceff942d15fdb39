"""The emulator as a process: where it listens, how it is known, what it leaves."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest

from local import ports
from local.emulator import Emulator, EmulatorError
from local.ports import PortError
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Emulator]]:
    """Start an emulator of the test's own; whatever runs at the end is stopped."""

    def start(**options: Any) -> Emulator:
        return Emulator.start(options.pop("port", None) or ports.any_free(), state_dir=tmp_path, **options)

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


def test_it_listens_on_loopback_and_nowhere_else(emulator: Emulator) -> None:
    loopback = socket.inet_aton(ports.LOOPBACK)[::-1].hex().upper()

    assert listening(emulator.process.pid) == {loopback}


def test_it_speaks_the_services_that_a_stack_needs(emulator: Emulator) -> None:
    cloud = Cloud(emulator.endpoint)

    assert cloud.client("sts").get_caller_identity()["Account"]
    nobody_s = cloud.client("ecs").describe_clusters(clusters=["nobody-made-this-one"])
    assert [failure["reason"] for failure in nobody_s["failures"]] == ["MISSING"]


def test_a_second_start_finds_the_first(start: Callable[..., Emulator]) -> None:
    assert start() == start()


def test_one_for_another_region_is_not_taken(start: Callable[..., Emulator]) -> None:
    """Its load balancers would answer nothing."""
    start()

    with pytest.raises(EmulatorError, match=r"runs for region us-east-1, not eu-west-1: `make down`"):
        start(region="eu-west-1")


def test_after_a_crash_a_new_one_with_another_identity_starts(
    start: Callable[..., Emulator], tmp_path: Path
) -> None:
    """A state that describes the old one must not be believed."""
    first = start()
    os.killpg(first.process.pid, signal.SIGKILL)
    second = start()

    assert second.identity != first.identity
    assert Emulator.running(tmp_path) == second


def test_stop_frees_the_port_and_leaves_the_log_alone(start: Callable[..., Emulator], tmp_path: Path) -> None:
    emulator = start()

    emulator.stop()

    assert Emulator.running(tmp_path) is None
    assert ports.is_free(emulator.port)
    assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]


def test_a_port_that_is_taken_is_left_alone(start: Callable[..., Emulator], tmp_path: Path) -> None:
    with (
        socket.create_server((ports.LOOPBACK, 0)) as other,
        pytest.raises(PortError, match="is taken"),
    ):
        start(port=other.getsockname()[1])

    assert list(tmp_path.iterdir()) == []


def test_another_emulator_on_its_port_is_not_taken_for_it(emulator: Emulator, tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"edition": "light"}')

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer((ports.LOOPBACK, 0), Other) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        imposter = Emulator(
            process=emulator.process,
            state_dir=tmp_path,
            port=server.server_port,
            region=emulator.region,
            identity=emulator.identity,
        )
        assert not imposter.answers()


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
        os.killpg(emulator.process.pid, signal.SIGKILL)

        emulator.stop()

        left = {container.id for container in client.containers.list(all=True)}
        theirs.remove(force=True)
        assert theirs.id in left
        assert own.id not in left
    finally:
        client.images.remove(image, force=True)
        client.close()
