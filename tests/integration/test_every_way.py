"""One stack with a service of each kind: behind paths, behind a TCP listener, behind nothing, and started by the clock."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.integration.project import DOMAIN, ROOT, Project
from tests.integration.test_stack import client, eventually

EXAMPLES = ROOT / "docs" / "examples"

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("every-way")]

ROLES = """
const fs = require('fs');
const started = () => {
  const before = fs.existsSync('/files/starts') ? Number(fs.readFileSync('/files/starts', 'utf8')) : 0;
  fs.writeFileSync('/files/starts', String(before + 1));
  fs.writeFileSync('/tmp/scratch', 'x');
  return before + 1;
};
const api = async () => {
  const starts = started();
  require('http').createServer(async (request, answer) => {
    const sidecar = await fetch('http://127.0.0.1:4000').then((response) => response.text(), (error) => String(error.cause));
    const {PASSWORD, TOKEN} = process.env;
    answer.end(JSON.stringify({path: request.url, starts, sidecar, PASSWORD, TOKEN}));
  }).listen(3000);
};
const roles = {
  api,
  sidecar: () => require('http').createServer((_, answer) => answer.end('beside')).listen(4000, '127.0.0.1'),
  store: () => require('net').createServer((socket) => socket.on('data', (data) => socket.write('stored ' + data)))
    .listen(5432),
  clock: () => {
    const door = require('dgram').createSocket('udp4');
    door.on('message', (data, client) => door.send('received ' + data, client.port, client.address)).bind(5353);
    // What the load balancer's health check asks.
    require('net').createServer((socket) => socket.end()).listen(5353);
  },
  worker: () => setInterval(() => {
    fetch('http://api').then((answer) => answer.text(), (error) => String(error.cause)).then(console.log);
  }, 500),
  job: () => console.log('ran as ' + process.env.ROLE),
};
process.on('SIGTERM', () => process.exit(0));
roles[process.argv[2]]();
"""


def add_example(folder: Path) -> dict[str, Any]:
    """Copy the app of docs/examples/express into a project, and return the keys of its stack file."""
    shutil.copytree(EXAMPLES / "express", folder / "docs" / "examples" / "express")
    config = yaml.safe_load((EXAMPLES / "express.yaml").read_text())["config"]
    return {key.removeprefix("node-on-ecs:"): value for key, value in config.items()}


def begin_with(project: Project, app: str) -> dict[str, Any]:
    """Let `init` look at the example without its Dockerfile, and return the keys of the app that it wrote."""
    shutil.copytree(
        EXAMPLES / "express",
        project.folder / app,
        ignore=shutil.ignore_patterns("Dockerfile", ".dockerignore"),
    )
    project.done("init", "--yes", "--app-path", app, "--stacks", app)
    written = project.folder / f"Pulumi.{app}.yaml"
    config = yaml.safe_load(written.read_text())["config"]
    written.unlink()
    names = ("app-path", "container-port", "health-check-path", "health-check-command")
    return {name: config[f"node-on-ecs:{name}"] for name in names}


def command(role: str) -> list[str]:
    return ["node", "roles.cjs", role]


@pytest.fixture(scope="module")
def stack(copy_project: Callable[[], Project]) -> Project:
    """A stack of seven services, up once."""
    project = copy_project()
    project.write_app("roles.cjs", ROLES)
    express = {
        "paths": ["/hello/*"],
        "aliases": [],
        "connect": {"enabled": False},
        **add_example(project.folder),
    }
    initialized = {"aliases": [], "connect": {"enabled": False}, **begin_with(project, "initialized")}
    secrets = {"db": {"password": "of the database"}, "/app/token": "of the app"}
    (project.folder / "local-secrets.yaml").write_text(json.dumps(secrets))
    project.write(
        "dev",
        domain=DOMAIN,
        nat="none",
        aliases=[f"www.{DOMAIN}"],
        connect={"enabled": True, "offers": False, "calls": ["api"]},
        services={
            "api": {
                "paths": ["/api/*"],
                "command": command("api"),
                "aliases": [],
                "secrets": {"PASSWORD": "secret:db:password", "TOKEN": "/app/token"},
                "sidecars": {"beside": {"command": command("sidecar")}},
                "tmpfs": {"/tmp": 16},
                "volumes": {"files": {"path": "/files", "efs": {}}},
                "connect": {"enabled": True},
            },
            "express": express,
            "initialized": initialized,
            "store": {
                "exposure": "tcp",
                "container-port": 5432,
                "listener-port": 5432,
                "command": command("store"),
                "health-check-command": [],
                "connect": {"enabled": False},
            },
            "clock": {
                "exposure": "tcp",
                "listener-protocol": "udp",
                "container-port": 5353,
                "listener-port": 5353,
                "command": command("clock"),
                "health-check-command": [],
                "connect": {"enabled": False},
            },
            "worker": {
                "exposure": "none",
                "command": command("worker"),
                "connect": {"enabled": True, "calls": ["api"], "offers": False},
                "schedules": {
                    "job": {
                        "at": "2026-01-01T00:00:00",
                        "command": command("job"),
                        "environment": {"ROLE": "a job"},
                    }
                },
            },
        },
    )
    project.up()
    return project


def logged(stack: Project, service: str) -> list[str]:
    documents = stack.done("logs", "dev", "--since", "1h", "--service", service, "--json").out.splitlines()
    return [json.dumps(json.loads(line)["message"]) for line in documents]


def test_paths_of_one_host_are_routed_to_different_services(stack: Project) -> None:
    assert stack.get(DOMAIN).json["service"] == "web"
    assert stack.get(f"www.{DOMAIN}").json["service"] == "web"
    assert stack.get(DOMAIN, "/api/orders?id=1").json["path"] == "/api/orders?id=1"


def test_the_express_app_of_the_examples_answers_with_its_three_keys(stack: Project) -> None:
    assert stack.get(DOMAIN, "/hello/alice").json == {"hello": "alice"}


def test_an_app_without_a_dockerfile_runs_with_the_one_that_init_writes(stack: Project) -> None:
    assert stack.get(f"initialized.{DOMAIN}", "/hello/bob").json == {"hello": "bob"}


@pytest.mark.parametrize(
    ("service", "scheme", "kind", "answer"),
    [
        ("store", "tcp", socket.SOCK_STREAM, b"stored hello"),
        ("clock", "udp", socket.SOCK_DGRAM, b"received hello"),
    ],
)
def test_a_listener_of_the_network_load_balancer_is_a_port_of_this_machine(
    stack: Project, service: str, scheme: str, kind: socket.SocketKind, answer: bytes
) -> None:
    status: dict[str, Any] = stack.done("status", "dev", "--json").json
    address = urlsplit(status[service]["address"])
    assert address.scheme == scheme

    with socket.socket(socket.AF_INET, kind) as connection:
        connection.settimeout(20)
        connection.connect((address.hostname, address.port))
        connection.send(b"hello")
        assert connection.recv(100) == answer


def test_a_service_calls_another_by_its_alias(stack: Project) -> None:
    assert eventually(lambda: any('"path": "/"' in line for line in logged(stack, "worker")))


def test_a_task_has_a_sidecar_secrets_and_files_that_outlive_it(stack: Project) -> None:
    before = stack.get(DOMAIN, "/api/").json
    stack.done("redeploy", "dev", "--service", "api")
    after = stack.get(DOMAIN, "/api/").json

    assert {key: before[key] for key in ("sidecar", "PASSWORD", "TOKEN")} == {
        "sidecar": "beside",
        "PASSWORD": "of the database",
        "TOKEN": "of the app",
    }
    assert after["starts"] == before["starts"] + 1


def test_a_one_off_task_reports_its_log_and_exit_code(stack: Project) -> None:
    code = "console.log(process.env.TOKEN); process.exit(9)"

    run = stack.run("run", "dev", "--service", "api", "--", "node", "-e", code)

    assert run.out.splitlines() == ["of the app"], run.text
    assert run.code != 0
    assert "9" in run.err.splitlines()[-1]


def test_a_second_up_changes_nothing_and_there_is_no_drift(stack: Project) -> None:
    run = stack.up()
    drift = stack.run("drift", "dev")

    assert run.changed == set()
    assert (drift.code, drift.out) == (0, "dev: no drift\n"), drift.text


def test_a_schedule_starts_tasks(stack: Project) -> None:
    """What was due long ago is started at once."""
    ecs = client(stack, "ecs")
    cluster = stack.outputs()["cluster_arn"]

    def ended() -> list[Any]:
        arns = ecs.list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        tasks = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
        return [task for task in tasks if str(task.get("startedBy")).startswith("chronos-schedule/")]

    assert eventually(lambda: bool(ended()))
    assert ended()[0]["containers"][0]["exitCode"] == 0
