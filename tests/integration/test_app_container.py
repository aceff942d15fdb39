"""The app's image, run as its task definition says; the emulator leaves most of that out."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import image_build
from local.docker import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker
    from docker.models.containers import Container

pytestmark = pytest.mark.docker

APP = Path(__file__).parents[2] / "app"
STOP_TIMEOUT_SECONDS = 60
ENVIRONMENT = {
    "PORT": "3000",
    "ENVIRONMENT": "dev",
    "SERVICE_NAME": "alice",
    "IMAGE_VERSION": "3f9ab1c0d2",
    "IDLE_TIMEOUT_SECONDS": "60",
    "STOP_TIMEOUT_SECONDS": str(STOP_TIMEOUT_SECONDS),
}


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    with contextlib.closing(connect()) as client:
        yield client


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> Iterator[str]:
    tag = f"app-container-test:{uuid.uuid4().hex[:12]}"
    image_build.Build(APP, tag=tag).run()
    yield tag
    client.images.remove(tag, force=True)


@pytest.fixture(scope="module")
def run(client: docker.DockerClient, image: str) -> Iterator[Callable[..., Container]]:
    """Start the image as ECS would and wait until it listens."""
    started: list[Container] = []

    def run(*, user: str = "1000", environment: dict[str, str] = ENVIRONMENT) -> Container:
        # The high-level `run` knows no stop timeout.
        created = client.api.create_container(
            image,
            user=user,
            environment=environment,
            ports=[3000],
            stop_timeout=STOP_TIMEOUT_SECONDS,
            host_config=client.api.create_host_config(
                read_only=True,
                init=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                port_bindings={3000: ("127.0.0.1", None)},
            ),
        )
        container = client.containers.get(created["Id"])
        started.append(container)
        container.start()
        _await_log(container, "listening")
        container.reload()
        return container

    yield run
    for container in started:
        container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def app(run: Callable[..., Container]) -> Container:
    """One container for all tests that only look."""
    return run()


def _await_log(container: Container, message: str) -> dict[str, Any]:
    printed: list[bytes] = []
    lines: Any = container.logs(stream=True, follow=True)
    for line in lines:
        printed.append(line)
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry["msg"] == message:
                return entry
    pytest.fail(f"the container ended without {message!r}: {b''.join(printed).decode()}")


def _address(container: Container) -> tuple[str, int]:
    ports: dict[str, Any] = container.ports
    (binding,) = ports["3000/tcp"]
    return binding["HostIp"], int(binding["HostPort"])


def _get(container: Container, path: str, **headers: str) -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection(*_address(container), timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def _exec(container: Container, *command: str, **environment: str) -> tuple[int, str]:
    result: Any = container.exec_run(list(command), environment=environment)
    return result.exit_code, result.output.decode()


def _inside(container: Container, expression: str) -> Any:
    """What a JavaScript expression is worth inside the container; the image may have no shell."""
    code, output = _exec(container, "node", "-e", f"console.log(JSON.stringify({expression}))")
    assert code == 0, output
    return json.loads(output)


def test_the_app_answers_with_the_variables_of_its_task_definition(app: Container) -> None:
    status, body = _get(app, "/", Accept="application/json")
    answer = json.loads(body)

    assert status == 200
    assert (answer["environment"], answer["service"], answer["version"]) == ("dev", "alice", "3f9ab1c0d2")


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_the_app_answers_200(app: Container, path: str) -> None:
    assert _get(app, path)[0] == 200


@pytest.mark.parametrize("folder", ["app", "tmp"])
def test_the_root_file_system_is_read_only(app: Container, folder: str) -> None:
    code, output = _exec(app, "node", "-e", f"fs.writeFileSync('/{folder}/new', '')")

    assert code != 0
    assert "EROFS" in output


def test_the_app_runs_as_an_ordinary_user_without_capabilities(app: Container) -> None:
    capabilities = r"fs.readFileSync('/proc/self/status', 'utf8').match(/CapBnd:\s*(\w+)/)[1]"

    assert _inside(app, f"[process.getuid(), {capabilities}]") == [1000, "0000000000000000"]


def test_the_image_sets_a_numeric_user(client: docker.DockerClient, image: str) -> None:
    """`docker run` without `--user` is not root either."""
    assert client.images.get(image).attrs["Config"]["User"] == "1000:1000"


def test_an_init_process_starts_node_without_a_shell(app: Container) -> None:
    """Node must get SIGTERM from init, without npm or a shell in between."""
    processes = _inside(
        app,
        "['1', ...fs.readFileSync('/proc/1/task/1/children', 'utf8').split(' ').filter(Boolean)]"
        ".map((id) => fs.readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\\0').filter(Boolean))",
    )

    assert [Path(processes[0][0]).name, *processes[1:]] == ["docker-init", ["node", "server.js"]]


def test_the_health_check_of_the_task_definition_passes(app: Container) -> None:
    assert _exec(app, "node", "health-check.js") == (0, "")


def test_the_health_check_fails_when_nothing_answers(app: Container) -> None:
    code, output = _exec(app, "node", "health-check.js", PORT="1")

    assert code == 1
    assert "ECONNREFUSED" in output


def test_the_image_holds_the_app_and_nothing_else(app: Container) -> None:
    assert set(_inside(app, "fs.readdirSync('/app')")) == {
        "health-check.js",
        "package.json",
        "server.js",
        "src",
    }


def test_the_apps_files_are_readable_and_not_writable_for_its_user(app: Container) -> None:
    """`user` in the configuration can be any."""
    wrong = _inside(
        app,
        "fs.readdirSync('/app', {recursive: true}).filter((name) => {"
        " const {uid, mode} = fs.statSync(`/app/${name}`);"
        " return uid !== 0 || !(mode & 0o004) || mode & 0o022;"
        "})",
    )

    assert wrong == [], "owner, or a umask stricter than 022 when the files were written"


def test_a_request_in_flight_completes_before_the_app_exits(run: Callable[..., Container]) -> None:
    """What every rollout does to every task: nobody may notice."""
    container = run()
    with (
        socket.create_connection(_address(container), timeout=30) as connection,
        ThreadPoolExecutor() as pool,
    ):
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n"
        )
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        began = time.monotonic()
        stopping = pool.submit(container.stop)
        assert _await_log(container, "stopping")["inFlight"] == 1
        connection.sendall(b"abcdef")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        stopping.result()
        took = time.monotonic() - began

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.rstrip().endswith(b"</html>")
    assert container.wait()["StatusCode"] == 0
    assert took < STOP_TIMEOUT_SECONDS / 4
