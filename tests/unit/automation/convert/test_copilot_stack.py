"""A whole environment: its services, names, networks, and the files beside the manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.copilot_manifests import merged, read_workspace
from automation.errors import AutomationError
from tests.unit.automation.convert.copilot_app import WEB, app, convert, settings_of, write

BALANCED = "type: Load Balanced Web Service\nimage: {location: 'a:1', port: 1}\n"
BUILT = "name: web\ntype: Load Balanced Web Service\nimage: {build: Dockerfile, port: 80}\n"
API = "name: api\ntype: Backend Service\nimage: {location: 'node:24', port: 9000}\n"
WORKER = "name: worker\ntype: Worker Service\nimage: {location: 'redis:8'}\n"
JOB = "name: nightly\ntype: Scheduled Job\nimage: {location: 'node:24'}\non: {schedule: '@daily'}\n"
CONNECT = "network: {connect: true}\n"
VPC = (
    "network: {vpc: {id: vpc-01234567, subnets: {public: [{id: subnet-01234567}, {id: subnet-89abcdef}]}}}\n"
)
CDN = "cdn: {certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/1'}\n"


def converted(folder: Path, /, environment: str = "", **manifests: str) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration and the notes of an application with these manifests."""
    if environment:
        manifest = f"name: test\ntype: Environment\n{environment}"
        write(folder, {"copilot/environments/test/manifest.yml": manifest})
    return convert(app(folder, **manifests))


def starting(notes: list[str], text: str) -> list[str]:
    return [note for note in notes if note.startswith(text)]


def test_a_service_inherits_nothing_that_it_does_not_have_alone(tmp_path: Path) -> None:
    rich = (
        f"{WEB}{CONNECT}cpu: 1024\nmemory: 2048\nexec: true\nvariables: {{A: 1, B: 2}}\nsecrets: {{S: /s}}\n"
        "command: node web.js\ncount: {range: 2-4, cpu_percentage: 70}\nplatform: linux/arm64\n"
        "http: {path: /, stickiness: true, version: http1}\n"
        "sidecars: {nginx: {image: 'nginx:1', variables: {X: 1}}}\n"
        "storage: {ephemeral: 50, volumes: {up: {path: /up, efs: true}}}\n"
        "taskdef_overrides: [{path: 'ContainerDefinitions[0].Ulimits[-]', value: {Name: nofile, SoftLimit: 9}}]\n"
    )
    others = {"api": f"{API}variables: {{B: 3}}\n", "worker": WORKER, "nightly": JOB}
    config, _ = converted(tmp_path / "all", web=rich, **others)
    of_stack = {"source", "image", "image_of", "host", "path_prefix", "priority", "rollout", "discovery"}
    of_requests = {"health_check_path", "health_check_grace_period_seconds", "unhealthy_threshold"}
    of_requests |= {"deregistration_delay_seconds", "container_port", "sticky_seconds"}

    for name, manifest in others.items():
        together = settings_of(config).more_services[name]
        alone = settings_of(converted(tmp_path / name, **{name: manifest})[0]).main
        # The bounds have no meaning while autoscaling is off.
        excluded = of_stack | {"autoscaling"} | (of_requests if alone.exposure == "none" else set())
        assert together.counts == alone.counts
        assert together.model_dump(exclude=excluded) == alone.model_dump(exclude=excluded), name


@pytest.mark.parametrize(
    ("web", "admin"),
    [
        ("http: {path: /, alias: example.com}", "http: {path: admin}"),
        ("http: {path: /, alias: example.com}", ""),
    ],
    ids=["another path", "another service without a name"],
)
def test_the_service_with_a_name_at_the_root_is_the_main_one(tmp_path: Path, web: str, admin: str) -> None:
    manifests = {"admin": f"name: admin\n{BALANCED}{admin}\n", "web": f"name: web\n{BALANCED}{web}\n"}
    config, _ = converted(tmp_path, **manifests, api=API)

    assert (config["name"], config["domain"]) == ("web", "example.com")
    assert config["services"]["admin"].get("paths") == (["/admin", "/admin/*"] if admin else None)
    assert config["services"]["api"]["exposure"] == "none"


def test_a_service_keeps_its_own_names(tmp_path: Path) -> None:
    config, _ = converted(
        tmp_path,
        web=f"{WEB}http: {{path: /, alias: www.example.com}}\n",
        api=f"name: api\n{BALANCED}http: {{path: /, alias: [api.example.com, api.example.org]}}\n",
    )

    assert settings_of(config).more_services["api"].aliases == ("api.example.com", "api.example.org")
    assert (config["domain"], config["zone"]) == ("www.example.com", "example.com")
    assert config["alias-zones"] == ["example.org"]


def test_services_have_names_in_the_domain_of_the_application(tmp_path: Path) -> None:
    config, _ = convert(app(tmp_path, web=WEB, api=f"name: api\n{BALANCED}"), domain="example.com")
    names = {config["domain"], *config["services"]["web"]["aliases"]}

    assert names == {"api.test.shop.example.com", "web.test.shop.example.com"}
    assert config["zone"] == "test.shop.example.com"


def test_services_with_the_same_build_share_an_image(tmp_path: Path) -> None:
    built = "image: {build: {dockerfile: Dockerfile}, port: 80}\n"
    config, _ = converted(
        tmp_path,
        web=f"name: web\ntype: Load Balanced Web Service\n{built}",
        api=f"name: api\ntype: Backend Service\n{built}",
        worker="name: worker\ntype: Worker Service\nimage: {build: worker/Dockerfile}\n",
    )

    assert "app-path" not in config["services"]["api"]
    assert config["services"]["worker"]["app-path"] == "worker"


def test_a_name_in_a_variable_is_a_call(tmp_path: Path) -> None:
    web = f"{WEB}{CONNECT}variables: {{API: 'http://api:9000/v1'}}\n"
    config, _ = converted(tmp_path, web=web, api=f"{API}{CONNECT}")

    assert config["connect"]["calls"] == ["api"]
    assert "egress" not in config


def test_calls_never_form_a_circle(tmp_path: Path) -> None:
    config, _ = converted(
        tmp_path,
        web=f"{WEB}{CONNECT}variables: {{API: 'http://api:9000'}}\n",
        api=f"{API}{CONNECT}variables: {{WEB: 'http://web:8080'}}\n",
    )

    assert sum("calls" in service["connect"] for service in (config, config["services"]["api"])) == 1


def test_names_of_service_discovery_are_kept(tmp_path: Path) -> None:
    config, _ = converted(
        tmp_path, web=f"{WEB}variables: {{API: 'http://api.test.shop.local:9000'}}\n", api=API
    )

    assert config["discovery-domain"] == "test.shop.local"
    assert config["services"]["api"]["discovery"] == {"enabled": True}


def test_a_shortened_name_is_kept_as_an_alias(tmp_path: Path) -> None:
    long = "name: notification-service\ntype: Backend Service\nimage: {location: 'a:1', port: 1}\n"
    config, notes = converted(tmp_path, web=WEB, notification=f"{long}{CONNECT}")
    service = config["services"]["notification-ser"]

    assert (service["connect"]["alias"], service["discovery"]["name"]) == ("notification-service",) * 2
    assert starting(
        notes, "notification-service name: is called notification-ser here: a name has lowercase letters"
    )


def test_ports_in_variables_are_in_egress(tmp_path: Path) -> None:
    variables = (
        "{DB: 'postgres://db.internal/x', SMTP_PORT: 587, PORT: 8080, LOCAL: 'redis://localhost', S:"
        " 'https://x.io'}"
    )
    config, _ = converted(tmp_path, web=f"{WEB}variables: {variables}\n")
    rules = [(rule["port"], rule["description"]) for rule in config["egress"]]

    assert rules == [(587, "smtp"), (5432, "PostgreSQL")]


def test_ports_that_the_names_of_secrets_suggest_are_in_egress(tmp_path: Path) -> None:
    secrets = "{REDIS_HOST: /r, POSTGRES_PASSWORD: /p, DATABASE_URL: /d, STRIPE_KEY: /s}"
    config, notes = converted(tmp_path, web=f"{WEB}secrets: {secrets}\n")

    assert [rule["port"] for rule in config["egress"]] == [5432, 6379]
    assert len(starting(notes, "web secrets.")) == len(starting(notes, "web secrets.DATABASE_URL")) == 1


def test_a_variable_that_looks_like_a_secret_is_read_from_ssm(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, web=f"{WEB}variables: {{API_KEY: abc, MODE: fast}}\n")

    assert config["environment"] == {"MODE": "fast"}
    assert config["secrets"] == {"API_KEY": "/copilot/shop/test/secrets/API_KEY"}
    assert any("aws ssm put-parameter" in note for note in notes)
    assert not any("abc" in note for note in notes)


def test_the_port_variable_of_the_app_is_left_out(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, web=f"{WEB}variables: {{PORT: 8080}}\n")

    assert "environment" not in config
    assert not any("PORT" in note for note in notes)


def test_variables_and_secrets_with_an_unknown_variable_are_left_out(tmp_path: Path) -> None:
    fields = "variables: {URL: 'https://${HOST}', A: 1}\nsecrets: {S: '/x/${HOST}'}\n"
    config, notes = converted(tmp_path, web=f"{WEB}{fields}")

    assert config["environment"] == {"A": "1"}
    assert "secrets" not in config
    assert len([note for note in notes if "without a value: " in note and "${HOST}" in note]) == 2


def test_a_variable_of_the_shell_is_set_by_an_option(tmp_path: Path) -> None:
    folder = app(tmp_path, web=f"{WEB}variables: {{A: '${{TAG}}', B: '\\${{TAG}}'}}\n")
    config, notes = convert(folder)
    with_value, _ = convert(folder, variables={"TAG": "5"})

    assert any("--set TAG=VALUE" in note for note in notes)
    assert config["environment"]["B"] == "${TAG}"
    assert with_value["environment"] == {"A": "5", "B": "${TAG}"}


def test_an_existing_network_is_used(tmp_path: Path) -> None:
    config, _ = converted(tmp_path, web=WEB, environment=VPC)

    assert (config["vpc-id"], config["nat"]) == ("vpc-01234567", "none")
    assert config["public-subnet-ids"] == ["subnet-01234567", "subnet-89abcdef"]


def test_the_user_of_the_dockerfile_is_kept(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": 'FROM node:24 AS base\nUSER node\nFROM base\nCMD ["node", "a.js"]\n'})

    assert converted(tmp_path, web=BUILT)[0]["user"] == "node"


def test_windows_paths_are_converted(tmp_path: Path) -> None:
    config, _ = converted(tmp_path, web=BUILT.replace("Dockerfile", "'..\\web\\Dockerfile'"))

    assert config["app-path"] == "../web"


def test_variables_of_copilot_that_the_code_reads_are_set(tmp_path: Path) -> None:
    code = "process.env.COPILOT_ENVIRONMENT_NAME; COPILOT_LB_DNS"
    write(tmp_path, {"Dockerfile": "FROM node:24\n", "a.js": code})
    config, notes = converted(tmp_path, web=BUILT)

    assert config["environment"] == {"COPILOT_ENVIRONMENT_NAME": "test"}
    assert starting(notes, "web image: the code reads COPILOT_LB_DNS")


def test_a_backend_with_http_alone_gets_an_internal_load_balancer(tmp_path: Path) -> None:
    config, _ = converted(tmp_path, api=f"{API}http: {{path: /}}\nnetwork: {{vpc: {{placement: private}}}}\n")

    assert config["internal"] is True


def test_an_internal_load_balancer_beside_a_public_one_is_reported(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, web=WEB, api=f"{API}http: {{path: /}}\n")

    assert config["services"]["api"]["exposure"] == "none"
    assert starting(notes, "api http: an internal load balancer beside")


@pytest.mark.parametrize("kind", ["Request-Driven Web Service", "Static Site"])
def test_types_that_are_not_converted_are_reported(tmp_path: Path, kind: str) -> None:
    _, notes = converted(tmp_path, web=WEB, site=f"name: site\ntype: {kind}\n")

    assert starting(notes, f"site type: {kind}")


def test_addons_overrides_and_pipelines_are_reported(tmp_path: Path) -> None:
    database = "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n    Properties: {A: !Ref B}\n"
    patch = "- op: add\n  path: /Resources/Service/Properties/X\n  value: 1\n"
    files = {
        "copilot/web/addons/db.yml": database,
        "copilot/web/overrides/cfn.patches.yml": patch,
        "copilot/pipelines/main/manifest.yml": "stages:\n  - name: test\n  - name: prod\n",
    }
    folder = write(tmp_path, files)
    config, notes = converted(tmp_path, web=WEB)

    for text in ("AWS::RDS::DBCluster", "/Resources/Service/Properties/X", "stages test, prod"):
        assert any(text in note for note in notes)
    assert [rule["port"] for rule in config["egress"]] == [3306, 5432]
    assert list(read_workspace(folder).environments) == ["test", "prod"]


def test_an_override_replaces_fields_that_it_excludes() -> None:
    base = {
        "image": {"build": "Dockerfile", "port": "80"},
        "count": {"range": "1-2", "cpu_percentage": "70"},
        "secrets": {"A": {"from_cfn": "x"}},
        "http": {"alias": ["a"], "path": "/"},
        "exec": "true",
    }
    over = {
        "image": {"location": "a:1"},
        "count": {"spot": "1"},
        "secrets": {"A": {"secretsmanager": "y"}},
        "http": {"alias": []},
        "exec": None,
    }

    assert merged(base, over) == {
        "image": {"location": "a:1", "port": "80"},
        "count": {"spot": "1"},
        "secrets": {"A": {"secretsmanager": "y"}},
        "http": {"alias": ["a"], "path": "/"},
        "exec": "true",
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"copilot/web/manifest.yml": "a: [\n"}, "is not valid YAML"),
        ({"copilot/web/manifest.yml": "- a\n"}, "has no fields"),
        ({"copilot/web/manifest.yml": "name: web\ntype: Lambda\n"}, "type 'Lambda' is none of Copilot's"),
        ({"copilot/web/other.yml": "a: 1\n"}, "has no manifest"),
        ({}, "there is no folder"),
    ],
)
def test_invalid_folders_are_rejected(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(AutomationError, match=message):
        read_workspace(write(tmp_path, files))


def test_a_wildcard_is_an_alias_and_not_the_domain(tmp_path: Path) -> None:
    config, _ = converted(tmp_path, web=f"{WEB}http: {{path: /, alias: '*.example.org'}}\n")

    assert (config["domain"], config["aliases"]) == ("web.example.org", ["*.example.org"])


def test_a_name_with_an_unknown_variable_is_left_out_and_reported_once(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, web=f"{WEB}http: {{path: /, alias: 'web.${{DOMAIN}}'}}\n")

    assert "domain" not in config
    assert len([note for note in notes if "http.alias" in note]) == 1


@pytest.mark.parametrize(
    ("image", "region"),
    [("123456789012.dkr.ecr.eu-west-2.amazonaws.com/web:1", "eu-west-2"), ("web:1", None)],
)
def test_the_region_is_read_from_registries_and_not_from_a_distribution(
    tmp_path: Path, image: str, region: str | None
) -> None:
    """CloudFront's certificates are in us-east-1, wherever the environment is."""
    write(tmp_path, {"copilot/environments/test/manifest.yml": f"name: test\ntype: Environment\n{CDN}"})
    manifest = f"name: web\ntype: Backend Service\nimage: {{location: '{image}'}}\n"
    config, notes = convert(app(tmp_path, web=manifest), region=None)

    assert config.get("aws:region") == region
    assert bool(starting(notes, "set `aws:region`")) is (region is None)


def test_fields_that_copilot_does_not_have_are_reported(tmp_path: Path) -> None:
    _, notes = converted(
        tmp_path, web=f"{WEB}http: {{path: /, healthcheck: {{retries: 3}}}}\nstickiness: true\n"
    )

    unknown = {note.partition(":")[0] for note in notes if "has no such field" in note}
    assert unknown == {"web stickiness", "web http.healthcheck.retries"}


@pytest.mark.parametrize(("image", "reason"), [("${IMAGE}", "set its variables"), ("API:1", "not a valid")])
def test_a_service_without_a_valid_image_is_left_out(tmp_path: Path, image: str, reason: str) -> None:
    manifest = f"name: api\ntype: Backend Service\nimage: {{location: '{image}'}}\n"
    config, notes = converted(tmp_path, web=WEB, api=manifest)

    assert "services" not in config
    assert [note for note in starting(notes, "api image: the service is left out") if reason in note]


@pytest.mark.parametrize("sidecar", ["{image: 'Not An Image'}", "{image: '${AGENT}'}"])
def test_a_sidecar_without_a_valid_image_is_left_out(tmp_path: Path, sidecar: str) -> None:
    """It would run the app's."""
    config, notes = converted(tmp_path, web=f"{WEB}sidecars: {{agent: {sidecar}}}\n")

    assert "sidecars" not in config
    assert starting(notes, "web sidecars.agent.image: left out")


def test_a_sidecar_that_is_left_out_gets_no_requests(tmp_path: Path) -> None:
    fields = (
        "http: {path: /, target_container: nginx}\nsidecars: {nginx: {image: {build: nginx/Dockerfile}}}\n"
    )
    config, _ = converted(tmp_path, web=f"{WEB}{fields}", worker=WORKER)

    assert "ingress-container" not in config
    assert "ingress-container" not in config["services"]["worker"]


def test_a_list_without_accepted_items_is_left_out(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, web=f"{WEB}env_file: gone.env\n")

    assert "environment-files" not in config
    assert any("gone.env" in note for note in notes)


@pytest.mark.parametrize(
    "fields",
    [
        "http: {path: /, target_container: nginx}\nsidecars: {nginx: {image: 'nginx:1', port: 443}}\n",
        "http: {path: /, target_port: 443}\n",
    ],
)
def test_a_container_that_expects_https_is_reported(tmp_path: Path, fields: str) -> None:
    _, notes = converted(tmp_path, web=f"{WEB}{fields}")

    assert starting(notes, "web http: the load balancer speaks HTTP to tasks")
