"""Rules for the containers beside the app."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import refuses, settings_of

ROUTER = {"log-router": True}
INIT = {"essential": False, "command": ["node", "init.js"]}


def test_a_sidecar_has_few_permissions_by_default() -> None:
    sidecar = settings_of({"sidecars": {"agent": {"image": "agent:1"}}}).main.sidecars["agent"]

    assert (sidecar.essential, sidecar.read_only_root_filesystem, sidecar.drop_capabilities) == (
        True,
        True,
        ("ALL",),
    )
    assert sidecar.tmpfs == {"/tmp": 64}


@pytest.mark.parametrize("default", [True, {}], ids=["true", "an empty object"])
def test_a_log_router_is_set_by(default: Any) -> None:
    settings = settings_of({"sidecars": {"router": {"log-router": default}}, "opentelemetry": True})

    assert settings.main.sidecars["router"].log_router is not None
    assert settings.main.opentelemetry is not None


def test_the_ingress_is_the_app_or_the_ingress_container() -> None:
    proxy = {"sidecars": {"nginx": {"image": "nginx:1", "port": 8080}}, "ingress-container": "nginx"}

    assert settings_of({}).main.ingress == ("web", 3000)
    assert settings_of(proxy).main.ingress == ("nginx", 8080)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"sidecars": {"web": {}}}, 'sidecars.web = "web" … another name than the service\'s own'),
        ({"sidecars": {"A": {}}}, "sidecars.A: … the name must be"),
        ({"depends-on": {"nginx": "start"}}, 'depends-on = "nginx" … containers of the task: no other'),
        (
            {"sidecars": {"init": {}}, "depends-on": {"init": "success"}},
            "depends-on.init … `essential: false` for init",
        ),
        (
            {"sidecars": {"db": {}}, "depends-on": {"db": "healthy"}},
            "depends-on.db … a `health-check-command` for db",
        ),
        (
            {"sidecars": {"init": INIT | {"depends-on": {"web": "complete"}}}},
            "sidecars.init.depends-on.web … its end ends the task",
        ),
        ({"ingress-container": "nginx"}, "ingress-container … a sidecar with a `port`"),
        ({"log-options": {"Name": "x"}}, "log-options … a sidecar that has `log-router`"),
        ({"sidecars": {"a": {"volumes": {"v": "/v"}}}}, 'sidecars.a.volumes = "v" … there are none'),
        ({"sidecars": {"a": {"memory": 512}}}, "memory = 512 … something is left for the app"),
        ({"sidecars": {"a": {"cpu": 256}}}, "cpu = 256 … something is left for the app"),
        (
            {"sidecars": {"a": {"memory": 64, "memory-reservation": 128}}},
            "sidecars.a.memory-reservation … at most the `memory`, 64",
        ),
        (
            {"sidecars": {"a": {"environment": {"DB_PASSWORD": "x"}}}},
            "sidecars.a.environment.DB_PASSWORD = [secret]: … /app/DB_PASS",
        ),
        ({"sidecars": {"a": {"port": 3000}}}, "sidecars.a.port = 3000 … than `container-port`"),
        (
            {"exposure": "none", "sidecars": {"a": {"port": 3000}, "b": {"port": 3000}}},
            "sidecars.b.port = 3000 … another port than `sidecars.a.port`",
        ),
        ({"ulimits": {"files": 5}}, "ulimits.files: … one of the limits of Docker's ulimit"),
        (
            {"sidecars": {"a": {"depends-on": {"b": "start"}}, "b": {"depends-on": {"a": "start"}}}},
            'sidecars = "a → b → a": … no cycle',
        ),
        ({"sidecars": {"a": ROUTER, "b": ROUTER}}, "sidecars.b.log-router … one log router in a task; a is"),
        ({"tmpfs": {"tmp": 5}}, "tmpfs.tmp: … a path in the container"),
    ],
    ids=str,
)
def test_invalid_sidecars_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)
