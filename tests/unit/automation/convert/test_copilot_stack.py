"""A whole environment: its services, names, networks, and the files beside the manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.copilot_manifests import merged, read_workspace
from automation.errors import AutomationError
from tests.unit.automation.convert.copilot_app import WEB, app, convert, settings_of, write

API = "name: api\ntype: Backend Service\nimage: {location: 'node:24', port: 9000}\n"
WORKER = "name: worker\ntype: Worker Service\nimage: {location: 'redis:8'}\n"
JOB = "name: nightly\ntype: Scheduled Job\nimage: {location: 'node:24'}\non: {schedule: '@daily'}\n"
VPC = (
    "network: {vpc: {id: vpc-01234567, subnets: {public: [{id: subnet-01234567}, {id: subnet-89abcdef}]}}}\n"
)


def environment(folder: Path, text: str) -> None:
    write(folder, {"copilot/environments/test/manifest.yml": f"name: test\ntype: Environment\n{text}"})


def services(config: dict[str, Any]) -> dict[str, Any]:
    return config.get("services", {})


def test_a_service_inherits_nothing_that_it_does_not_have_alone(tmp_path: Path) -> None:
    rich = (
        f"{WEB}cpu: 1024\nmemory: 2048\nexec: true\nvariables: {{A: 1, B: 2}}\nsecrets: {{S: /s}}\ncommand:"
        " node web.js\ncount: {range: 2-4, cpu_percentage: 70}\nplatform: linux/arm64\nhttp: {path: /,"
        " stickiness: true, version: http1}\nnetwork: {connect: true}\nsidecars: {nginx: {image:"
        " 'nginx:1', variables: {X: 1}}}\nstorage: {ephemeral: 50, volumes: {up: {path: /up, efs:"
        " true}}}\ntaskdef_overrides: [{path: 'ContainerDefinitions[0].Ulimits[-]', value: {Name:"
        " nofile, SoftLimit: 9}}]\n"
    )
    others = {"api": f"{API}variables: {{B: 3}}\n", "worker": WORKER, "nightly": JOB}
    config, _ = convert(app(tmp_path / "all", web=rich, **others))
    together = settings_of(config).more_services

    for name, manifest in others.items():
        alone, _ = convert(app(tmp_path / name, **{name: manifest}))
        main = settings_of(alone).main
        left_out = {"source", "image", "image_of", "host", "path_prefix", "priority", "rollout", "discovery"}
        unreached = {"health_check_path", "health_check_grace_period_seconds", "unhealthy_threshold"}
        unreached |= {"deregistration_delay_seconds", "container_port", "sticky_seconds"}
        # Its bounds mean nothing while it is switched off.
        assert together[name].counts == main.counts
        left_out |= {"autoscaling"}
        both = [
            one.model_dump(exclude=left_out | (unreached if main.exposure == "none" else set()))
            for one in (together[name], main)
        ]
        assert both[0] == both[1], name


def test_the_service_with_a_name_and_the_path_slash_is_the_main_one(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        admin=(
            "name: admin\ntype: Load Balanced Web Service\nimage: {location: 'a:1', port: 1}\nhttp: {path:"
            " admin}\n"
        ),
        web=f"{WEB}http: {{path: /, alias: example.com}}\n",
        api=API,
    )
    config, _ = convert(folder)

    assert (config["name"], config["domain"]) == ("web", "example.com")
    assert services(config)["admin"]["paths"] == ["/admin", "/admin/*"]
    assert services(config)["api"]["exposure"] == "none"


def test_a_service_keeps_its_own_names(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        web=f"{WEB}http: {{path: /, alias: www.example.com}}\n",
        api=(
            "name: api\ntype: Load Balanced Web Service\nimage: {location: 'a:1', port: 1}\n"
            "http: {path: /, alias: [api.example.com, api.example.org]}\n"
        ),
    )
    config, _ = convert(folder)
    main = settings_of(config)

    assert main.more_services["api"].aliases == ("api.example.com", "api.example.org")
    assert (config["domain"], config["zone"], config["alias-zones"]) == (
        "www.example.com",
        "example.com",
        ["example.org"],
    )


def test_services_have_names_in_the_domain_of_the_application(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        web=WEB,
        api="name: api\ntype: Load Balanced Web Service\nimage: {location: 'a:1', port: 1}\n",
    )
    config, _ = convert(folder, domain="example.com")

    assert {config["domain"], *services(config)["web"]["aliases"]} == {
        "api.test.shop.example.com",
        "web.test.shop.example.com",
    }
    assert config["zone"] == "test.shop.example.com"


def test_services_with_the_same_build_share_an_image(tmp_path: Path) -> None:
    built = "image: {build: {dockerfile: Dockerfile}, port: 80}\n"
    folder = app(
        tmp_path,
        web=f"name: web\ntype: Load Balanced Web Service\n{built}",
        api=f"name: api\ntype: Backend Service\n{built}",
        worker="name: worker\ntype: Worker Service\nimage: {build: worker/Dockerfile}\n",
    )
    config, _ = convert(folder)

    assert "app-path" not in services(config)["api"]
    assert services(config)["worker"]["app-path"] == "worker"


def test_a_name_in_a_variable_is_a_call(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        web=f"{WEB}variables: {{API: 'http://api:9000/v1'}}\nnetwork: {{connect: true}}\n",
        api=f"{API}network: {{connect: true}}\n",
    )
    config, _ = convert(folder)

    assert config["connect"]["calls"] == ["api"]
    assert "egress" not in config


def test_calls_never_form_a_circle(tmp_path: Path) -> None:
    folder = app(
        tmp_path,
        web=f"{WEB}variables: {{API: 'http://api:9000'}}\nnetwork: {{connect: true}}\n",
        api=f"{API}variables: {{WEB: 'http://web:8080'}}\nnetwork: {{connect: true}}\n",
    )
    config, _ = convert(folder)

    settings_of(config)
    assert (
        len([one for one in (config["connect"], services(config)["api"]["connect"]) if "calls" in one]) <= 1
    )


def test_names_of_service_discovery_are_kept(tmp_path: Path) -> None:
    folder = app(tmp_path, web=f"{WEB}variables: {{API: 'http://api.test.shop.local:9000'}}\n", api=API)
    config, _ = convert(folder)

    assert config["discovery-domain"] == "test.shop.local"
    assert services(config)["api"]["discovery"] == {"enabled": True}


def test_a_shortened_name_is_kept_as_an_alias(tmp_path: Path) -> None:
    long = "name: notification-service\ntype: Backend Service\nimage: {location: 'a:1', port: 1}\n"
    config, notes = convert(app(tmp_path, web=WEB, notification=f"{long}network: {{connect: true}}\n"))
    cut = services(config)["notification-ser"]

    assert (cut["connect"]["alias"], cut["discovery"]["name"]) == ("notification-service",) * 2
    assert any("notification-ser" in note for note in notes)


def test_ports_in_variables_are_in_egress(tmp_path: Path) -> None:
    variables = (
        "{DB: 'postgres://db.internal/x', SMTP_PORT: 587, PORT: 8080, LOCAL: 'redis://localhost', S:"
        " 'https://x.io'}"
    )
    config, _ = convert(app(tmp_path, web=f"{WEB}variables: {variables}\n"))

    assert [(rule["port"], rule["description"]) for rule in config["egress"]] == [
        (587, "smtp"),
        (5432, "PostgreSQL"),
    ]


def test_a_variable_that_looks_like_a_secret_is_read_from_ssm(tmp_path: Path) -> None:
    config, notes = convert(app(tmp_path, web=f"{WEB}variables: {{API_KEY: abc, MODE: fast}}\n"))

    assert config["environment"] == {"MODE": "fast"}
    assert config["secrets"] == {"API_KEY": "/copilot/shop/test/secrets/API_KEY"}
    assert any("aws ssm put-parameter" in note for note in notes)
    assert not any("abc" in note for note in notes)


def test_the_port_variable_of_the_app_is_left_out(tmp_path: Path) -> None:
    config, notes = convert(app(tmp_path, web=f"{WEB}variables: {{PORT: 8080}}\n"))

    assert "environment" not in config
    assert not any("PORT" in note for note in notes)


def test_an_existing_network_is_used(tmp_path: Path) -> None:
    folder = app(tmp_path, web=WEB)
    environment(tmp_path, VPC)
    config, _ = convert(folder)

    assert (config["vpc-id"], config["nat"]) == ("vpc-01234567", "none")
    assert config["public-subnet-ids"] == ["subnet-01234567", "subnet-89abcdef"]


def test_the_user_of_the_dockerfile_is_kept(tmp_path: Path) -> None:
    files = {"Dockerfile": 'FROM node:24 AS base\nUSER node\nFROM base\nCMD ["node", "a.js"]\n'}
    write(tmp_path, files)
    manifest = "name: web\ntype: Load Balanced Web Service\nimage: {build: Dockerfile, port: 80}\n"
    config, _ = convert(app(tmp_path, web=manifest))

    assert config["user"] == "node"


def test_variables_of_copilot_that_the_code_reads_are_set(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"Dockerfile": "FROM node:24\n", "a.js": "process.env.COPILOT_ENVIRONMENT_NAME; COPILOT_LB_DNS"},
    )
    manifest = "name: web\ntype: Load Balanced Web Service\nimage: {build: Dockerfile, port: 80}\n"
    config, notes = convert(app(tmp_path, web=manifest))

    assert config["environment"] == {"COPILOT_ENVIRONMENT_NAME": "test"}
    assert any("COPILOT_LB_DNS" in note for note in notes)


def test_a_backend_with_http_alone_gets_an_internal_load_balancer(tmp_path: Path) -> None:
    config, _ = convert(
        app(tmp_path, api=f"{API}http: {{path: /}}\nnetwork: {{vpc: {{placement: private}}}}\n")
    )

    assert config["internal"] is True


def test_an_internal_load_balancer_beside_a_public_one_is_reported(tmp_path: Path) -> None:
    config, notes = convert(app(tmp_path, web=WEB, api=f"{API}http: {{path: /}}\n"))

    assert services(config)["api"]["exposure"] == "none"
    assert any(note.startswith("api http: an internal load balancer beside") for note in notes)


@pytest.mark.parametrize("kind", ["Request-Driven Web Service", "Static Site"])
def test_types_that_are_not_converted_are_reported(tmp_path: Path, kind: str) -> None:
    _, notes = convert(app(tmp_path, web=WEB, site=f"name: site\ntype: {kind}\n"))

    assert any(note.startswith(f"site type: {kind}") for note in notes)


def test_addons_overrides_and_pipelines_are_reported(tmp_path: Path) -> None:
    folder = app(tmp_path, web=WEB)
    write(
        tmp_path,
        {
            "copilot/web/addons/db.yml": (
                "Resources:\n  Db:\n    Type: AWS::RDS::DBCluster\n    Properties: {A: !Ref B}\n"
            ),
            "copilot/web/overrides/cfn.patches.yml": (
                "- op: add\n  path: /Resources/Service/Properties/X\n  value: 1\n"
            ),
            "copilot/pipelines/main/manifest.yml": "stages:\n  - name: test\n  - name: prod\n",
        },
    )
    config, notes = convert(folder)

    assert any("AWS::RDS::DBCluster" in note for note in notes)
    assert any("/Resources/Service/Properties/X" in note for note in notes)
    assert any("stages test, prod" in note for note in notes)
    assert [rule["port"] for rule in config["egress"]] == [3306, 5432]
    assert list(read_workspace(folder).environments) == ["test", "prod"]


def test_a_variable_of_the_shell_is_set_by_an_option(tmp_path: Path) -> None:
    manifest = f"{WEB}variables: {{A: '${{TAG}}', B: '\\${{TAG}}'}}\n"
    config, notes = convert(app(tmp_path, web=manifest))
    said, _ = convert(app(tmp_path, web=manifest), variables={"TAG": "5"})

    assert any("--set TAG=VALUE" in note for note in notes)
    assert config["environment"]["B"] == "${TAG}"
    assert said["environment"] == {"A": "5", "B": "${TAG}"}


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
    ("files", "says"),
    [
        ({"copilot/web/manifest.yml": "a: [\n"}, "is not valid YAML"),
        ({"copilot/web/manifest.yml": "- a\n"}, "has no fields"),
        ({"copilot/web/manifest.yml": "name: web\ntype: Lambda\n"}, "type 'Lambda' is none of Copilot's"),
        ({"copilot/web/other.yml": "a: 1\n"}, "has no manifest"),
        ({}, "there is no folder"),
    ],
)
def test_invalid_folders_are_rejected(tmp_path: Path, files: dict[str, str], says: str) -> None:
    with pytest.raises(AutomationError, match=says):
        read_workspace(write(tmp_path, files))


def test_a_wildcard_is_an_alias_and_not_the_domain(tmp_path: Path) -> None:
    config, _ = convert(app(tmp_path, web=f"{WEB}http: {{path: /, alias: '*.example.org'}}\n"))

    assert (config["domain"], config["aliases"]) == ("web.example.org", ["*.example.org"])


def test_a_name_with_an_unknown_variable_is_left_out_and_reported_once(tmp_path: Path) -> None:
    config, notes = convert(app(tmp_path, web=f"{WEB}http: {{path: /, alias: 'web.${{DOMAIN}}'}}\n"))

    assert "domain" not in config
    assert len([note for note in notes if "http.alias" in note]) == 1


def test_windows_paths_are_converted(tmp_path: Path) -> None:
    manifest = "name: web\ntype: Load Balanced Web Service\nimage: {build: '..\\web\\Dockerfile', port: 80}\n"
    config, _ = convert(app(tmp_path, web=manifest))

    assert config["app-path"] == "../web"


def test_the_region_is_read_from_arns_and_registries(tmp_path: Path) -> None:
    image = "123456789012.dkr.ecr.eu-west-2.amazonaws.com/web:1"
    folder = app(tmp_path, web=f"name: web\ntype: Backend Service\nimage: {{location: '{image}'}}\n")
    environment(tmp_path, "cdn: {certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/1'}\n")
    config, _ = convert(folder, region=None)

    assert config["aws:region"] == "eu-west-2"


def test_fields_that_copilot_does_not_have_are_reported(tmp_path: Path) -> None:
    _, notes = convert(
        app(tmp_path, web=f"{WEB}http: {{path: /, healthcheck: {{retries: 3}}}}\nstickiness: true\n")
    )

    unknown = {note.partition(":")[0] for note in notes if "has no such field" in note}
    assert unknown == {"web stickiness", "web http.healthcheck.retries"}


def test_ports_that_the_names_of_secrets_suggest_are_in_egress(tmp_path: Path) -> None:
    secrets = "{REDIS_HOST: /r, POSTGRES_PASSWORD: /p, DATABASE_URL: /d, STRIPE_KEY: /s}"
    config, notes = convert(app(tmp_path, web=f"{WEB}secrets: {secrets}\n"))

    assert [rule["port"] for rule in config["egress"]] == [5432, 6379]
    assert [note.partition(":")[0] for note in notes if "`egress` has to list" in note] == [
        "web secrets.DATABASE_URL"
    ]


@pytest.mark.parametrize(("image", "reason"), [("${IMAGE}", "set its variables"), ("API:1", "not a valid")])
def test_a_service_without_a_valid_image_is_left_out(tmp_path: Path, image: str, reason: str) -> None:
    manifest = f"name: api\ntype: Backend Service\nimage: {{location: '{image}'}}\n"
    config, notes = convert(app(tmp_path, web=WEB, api=manifest))

    assert "services" not in config
    assert any(note.startswith("api image: the service is left out") and reason in note for note in notes)


def test_variables_and_secrets_with_an_unknown_variable_are_left_out(tmp_path: Path) -> None:
    manifest = f"{WEB}variables: {{URL: 'https://${{HOST}}', A: 1}}\nsecrets: {{S: '/x/${{HOST}}'}}\n"
    config, notes = convert(app(tmp_path, web=manifest))

    assert config["environment"] == {"A": "1"}
    assert "secrets" not in config
    assert len([note for note in notes if "without a value: " in note and "${HOST}" in note]) == 2


def test_a_sidecar_that_is_left_out_gets_no_requests(tmp_path: Path) -> None:
    config, _ = convert(
        app(
            tmp_path,
            web=(
                f"{WEB}http: {{path: /, target_container: nginx}}\nsidecars: {{nginx: {{image: {{build:"
                " nginx/Dockerfile}}}\n"
            ),
            worker=WORKER,
        )
    )

    assert "ingress-container" not in config
    assert "ingress-container" not in services(config)["worker"]


def test_a_list_without_accepted_items_is_left_out(tmp_path: Path) -> None:
    config, notes = convert(app(tmp_path, web=f"{WEB}env_file: gone.env\n"))

    assert "environment-files" not in config
    assert any("gone.env" in note for note in notes)


def test_the_certificate_of_a_distribution_does_not_set_the_region(tmp_path: Path) -> None:
    folder = app(tmp_path, web=WEB)
    environment(tmp_path, "cdn: {certificate: 'arn:aws:acm:us-east-1:123456789012:certificate/1'}\n")
    config, notes = convert(folder, region=None)

    assert "aws:region" not in config
    assert any("set `aws:region`" in note for note in notes)


def test_a_service_with_a_name_is_the_main_one_whatever_their_order(tmp_path: Path) -> None:
    balanced = "type: Load Balanced Web Service\nimage: {location: 'a:1', port: 1}\n"
    folder = app(
        tmp_path,
        admin=f"name: admin\n{balanced}",
        web=f"name: web\n{balanced}http: {{path: /, alias: a.example.com}}\n",
    )
    config, _ = convert(folder)

    assert config["name"] == "web"


@pytest.mark.parametrize("sidecar", ["{image: 'Not An Image'}", "{image: '${AGENT}'}"])
def test_a_sidecar_without_a_valid_image_is_left_out(tmp_path: Path, sidecar: str) -> None:
    """It would run the app's."""
    config, notes = convert(app(tmp_path, web=f"{WEB}sidecars: {{agent: {sidecar}}}\n"))

    assert "sidecars" not in config
    assert any(note.startswith("web sidecars.agent.image: left out") for note in notes)


@pytest.mark.parametrize(
    "lines",
    [
        "http: {path: /, target_container: nginx}\nsidecars: {nginx: {image: 'nginx:1', port: 443}}\n",
        "http: {path: /, target_port: 443}\n",
    ],
)
def test_a_container_that_expects_https_is_reported(tmp_path: Path, lines: str) -> None:
    _, notes = convert(app(tmp_path, web=f"{WEB}{lines}"))

    assert any(note.startswith("web http: the load balancer speaks HTTP to tasks") for note in notes)
