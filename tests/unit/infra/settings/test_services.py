"""Rules for the services of the key `services`, and the keys that they inherit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra.settings.names import LAST_PRIORITY, priority_of_paths
from tests.unit.infra.settings_fixtures import refuses, settings_of

if TYPE_CHECKING:
    from infra.settings import ServiceSettings

CANARY = {"strategy": "canary"}


def service_of(said: dict[str, Any] | None = None, name: str = "api", **config: Any) -> ServiceSettings:
    return settings_of({**config, "services": {name: said or {}}}).more_services[name]


def test_a_service_inherits_what_it_does_not_set() -> None:
    main = {"cpu": 512, "memory": 1024, "environment": {"A": "1"}, "desired-count": 2}
    api = service_of({"environment": {"B": 2}, "desired-count": 3}, **main)

    assert (api.cpu, api.memory, api.environment, api.desired_count) == (512, 1024, {"A": "1", "B": "2"}, 3)


def test_a_sidecar_is_merged_over_the_main_service_s() -> None:
    main: dict[str, Any] = {"sidecars": {"agent": {"image": "agent:1", "environment": {"A": "1"}}}}
    agent = service_of({"sidecars": {"agent": {"environment": {"B": "2"}}}}, **main).sidecars["agent"]

    assert (agent.image, agent.environment) == ("agent:1", {"A": "1", "B": "2"})


@pytest.mark.parametrize(
    ("said", "migrates"),
    [({}, True), ({"app-path": "api"}, False), ({"image": "api:1"}, False), ({"migration": None}, False)],
)
def test_a_service_with_the_main_one_s_image_inherits_its_migration(
    said: dict[str, Any], *, migrates: bool
) -> None:
    """Else its new version would run on an old database."""
    api = service_of(said, migration={"command": ["migrate"]})

    assert (api.migration is not None) is migrates


def test_a_service_can_inherit_no_variables_at_all() -> None:
    main = {
        "environment": {"A": "1", "SITE_TOKEN": "2"},
        "public-variables": ["SITE_TOKEN"],
        "secrets": {"DB": "/app/db"},
        "cpu": 512,
        "memory": 1024,
    }
    api = service_of({"inherit-environment": False, "environment": {"B": "3"}}, **main)

    assert (api.environment, api.secrets, api.public_variables, api.cpu) == ({"B": "3"}, {}, (), 512)


def test_a_name_with_null_is_not_inherited() -> None:
    main = {"environment": {"A": "1", "B": "2"}, "sidecars": {"agent": {"image": "agent:1"}}}
    api = service_of({"environment": {"A": None}, "sidecars": {"agent": None}}, **main)

    assert (api.environment, api.sidecars) == ({"B": "2"}, {})


@pytest.mark.parametrize(
    ("key", "value", "field", "left"),
    [
        ("command", ["node", "main.js"], "command", ()),
        ("paths", ["/web/*"], "paths", ()),
        ("exposure", "none", "exposure", "http"),
    ],
)
def test_some_keys_are_never_inherited(key: str, value: object, field: str, left: object) -> None:
    api = settings_of({key: value, "services": {"api": {}}}).more_services["api"]

    assert getattr(api, field) == left


@pytest.mark.parametrize(
    ("entry", "config", "host", "prefix"),
    [
        ({}, {"domain": "dev.example.com"}, "api.dev.example.com", None),
        ({}, {}, None, "/api"),
        ({"paths": ["/api/*", "/v2/*"]}, {"domain": "dev.example.com"}, "dev.example.com", None),
    ],
    ids=["below the domain", "by a path without a domain", "at the main service's host by its paths"],
)
def test_a_service_has_an_address(
    entry: dict[str, Any], config: dict[str, Any], host: str | None, prefix: str | None
) -> None:
    api = service_of(entry, **config)

    assert (api.host, api.path_prefix) == (host, prefix)


def test_longer_paths_have_lower_priorities_than_shorter_ones() -> None:
    short, long = (priority_of_paths("x", [path], before=LAST_PRIORITY) for path in ("/a/*", "/a/b/*"))

    assert long < short < LAST_PRIORITY


def test_a_service_without_exposure_inherits_nothing_about_requests() -> None:
    worker = service_of(
        {"exposure": "none", "command": ["node", "worker.js"]},
        name="worker",
        domain="dev.example.com",
        rollout=CANARY,
        autoscaling={"enabled": True, "requests-per-target": 100},
    )

    assert (worker.host, worker.rollout.strategy, worker.autoscaling.requests_per_target) == (
        None,
        "rolling",
        0,
    )
    assert worker.health_check_command == ()


def test_removing_a_sidecar_removes_its_dependencies_and_ingress() -> None:
    proxy = {
        "sidecars": {"nginx": {"port": 8080}, "agent": {}},
        "ingress-container": "nginx",
        "depends-on": {"nginx": "start", "agent": "start"},
    }
    api = service_of({"sidecars": {"nginx": None}}, **proxy)

    assert (list(api.sidecars), api.depends_on, api.ingress) == (["agent"], {"agent": "start"}, ("api", 3000))


def test_a_service_runs_the_main_one_s_image_by_default() -> None:
    api = service_of()

    assert (api.source, api.image_of) == (None, None)


def test_a_service_with_its_own_app_path_inherits_no_dockerfile() -> None:
    api = service_of({"app-path": "api"}, dockerfile="docker/Dockerfile", repository="shared")

    assert api.source is not None
    assert (api.source.app_path, api.source.dockerfile, api.source.repository) == ("api", None, "shared")
    assert api.image_of == "api"


def test_a_service_with_another_dockerfile_inherits_app_path() -> None:
    api = service_of({"dockerfile": "docker/api.Dockerfile"}, **{"app-path": "src"})

    assert api.source is not None
    assert (api.source.app_path, api.source.dockerfile) == ("src", "docker/api.Dockerfile")


def test_a_copy_includes_the_services_that_it_names() -> None:
    services = {"api": {"paths": ["/api/*"], "app-path": "api"}, "worker": {"exposure": "none"}, "admin": {}}
    alice = {"name": "alice", "services": ["api", "admin"], "environment": {"A": "1"}}
    settings = settings_of({"domain": "dev.example.com", "services": services, "multidev": [alice]})
    web, api, admin = settings.multidev

    assert [one.name for one in settings.multidev] == ["web-alice", "api-alice", "admin-alice"]
    assert (api.host, api.paths, api.image_of) == ("alice.dev.example.com", ("/api/*",), "api")
    assert api.priority < web.priority
    assert admin.host == "admin-alice.dev.example.com"
    assert api.environment == {"A": "1"}


def test_a_copied_service_without_a_domain_has_its_paths_below_the_copy_s() -> None:
    services = {"api": {"paths": ["/api/*"]}}
    settings = settings_of({"services": services, "multidev": [{"name": "alice", "services": ["api"]}]})
    _, api = settings.multidev

    assert (api.path_prefix, api.paths) == ("/alice", ("/api/*",))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"worker": {"exposure": "nothing"}}, "services.worker.exposure … one of http, tcp, none"),
        ({"a": {"inherit-environment": "no"}}, "services.a.inherit-environment … true or false"),
        ({"worker": {"replicas": 2}}, "services.worker.replicas … docs/configuration.md lists the"),
        ({"worker": {"cpus": 1}}, "services.worker.cpus … no such key; the nearest is `cpu`"),
        ({"worker": [1]}, "services.worker … an object with keys of a service"),
        ({"web": {}}, "services.web … another name than the main service's"),
        ({"a": {"image": "x:1", "app-path": "b"}}, "services.a.image … one of `image` and what is built"),
        ({"a": {"app-path": "/b"}}, "services.a.app-path … a folder, from the project's root"),
        ({"a": {"architecture": "x86_64"}}, "services.a.architecture … or an image of its own"),
        ({"a": {"exposure": "none", "priority": 7}}, "services.a.priority … none, or `exposure: http`"),
        ({"My API": {}}, "services.My API = … the name must be lowercase letters"),
        ({"a": {"paths": ["api"]}}, "services.a.paths[0] … a path that begins with /"),
        ({"a": {"priority": 600}}, "services.a.priority … 500 to 999 are for stacks with `attach-to`"),
    ],
)
def test_invalid_entries_are_refused(said: dict[str, Any], message: str) -> None:
    refuses({"services": said}, message)
