"""A whole Compose file: which services are converted, and how they reach each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.errors import AutomationError
from tests.unit.automation.convert.compose_app import convert, write
from tests.unit.automation.convert.copilot_app import settings_of

PARAMETER = "/node-on-ecs/test/"
DB = "  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: x}}\n"
CALLER = "services:\n  api: {image: a, ports: ['80:80'], environment: %s}\n  worker: {image: b%s}\n"


def converted(folder: Path, text: str, /, **chosen: Any) -> tuple[Any, list[str]]:
    """Return the configuration and the notes of a file with these services."""
    return convert(write(folder, text), **chosen)


def starting(notes: list[str], text: str) -> list[str]:
    return [note for note in notes if note.startswith(text)]


def test_services_with_published_ports_are_public_and_a_usual_name_is_the_main_one(tmp_path: Path) -> None:
    config, notes = converted(
        tmp_path,
        "services:\n  api: {image: a, ports: ['4000:4000']}\n  web: {image: b, ports: ['80:3000']}\n"
        "  worker: {image: c}\n  local: {image: d, ports: ['127.0.0.1:9:9']}\n",
    )
    services = config["services"]

    assert (config["name"], config["container-port"]) == ("web", 3000)
    assert "exposure" not in services["api"]
    assert services["worker"]["exposure"] == services["local"]["exposure"] == "none"
    assert starting(notes, "ports: clients reach api, web")


def test_public_limits_which_services_clients_reach(tmp_path: Path) -> None:
    text = "services: {api: {image: a, ports: ['1:1']}, web: {image: b, ports: ['2:2']}}\n"
    config, _ = converted(tmp_path, text, public=["api"])

    assert config["name"] == "api"
    assert config["services"]["web"]["exposure"] == "none"


def test_a_service_that_shares_few_variables_inherits_none(tmp_path: Path) -> None:
    """Its entry would reset each of the others by `NAME: null`."""
    config, _ = converted(
        tmp_path,
        "services:\n  web: {image: a, ports: ['80:80'], environment: {A: a, B: b, C: c, D: d}}\n"
        "  worker: {image: b, environment: {D: d, E: e}}\n  other: {image: c, environment: {A: a, B: b, C: c}}\n",
    )
    worker, other = config["services"]["worker"], config["services"]["other"]

    assert (worker["inherit-environment"], worker["environment"]) == (False, {"D": "d", "E": "e"})
    assert ("inherit-environment" in other, other["environment"]) == (False, {"D": None})
    assert settings_of(config).more_services["worker"].environment == {"D": "d", "E": "e"}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("postgres:17", "PostgreSQL"),
        ("pgvector/pgvector:pg17", "PostgreSQL"),
        ("docker.io/library/redis:8-alpine", "Redis"),
        ("valkey/valkey", "Redis"),
        ("mysql:8", "MySQL"),
        ("mongo", "MongoDB"),
        ("rabbitmq:4-management", "RabbitMQ"),
        ("traefik:v3", "a reverse proxy"),
        ("nginx:1.29@sha256:" + "0" * 64, "a reverse proxy"),
        ("adminer", "a tool for development"),
    ],
)
def test_databases_proxies_and_tools_are_left_out_unless_kept(tmp_path: Path, image: str, name: str) -> None:
    text = f"services: {{web: {{image: a}}, other: {{image: '{image}'}}}}\n"
    config, notes = converted(tmp_path, text)
    kept, _ = converted(tmp_path, text, keep=["other"])

    assert "services" not in config
    assert starting(notes, f"other image: left out, since it is {name}")
    assert kept["services"]["other"]["image"] == image


def test_a_service_with_a_build_is_an_app_whatever_its_image_is_called(tmp_path: Path) -> None:
    config, _ = converted(tmp_path, "services: {db: {image: postgres, build: .}}\n")

    assert config["app-path"] == "."


def test_variables_that_name_a_database_are_read_from_ssm(tmp_path: Path) -> None:
    variables = (
        "{DATABASE_URL: 'postgres://u:p@db:5432/x', DB_HOST: db, DB_NAME: shop, DIALECT: postgres, DB_PORT:"
        " 5432, OTHER: 'postgres://u@db.example.com/x'}"
    )
    config, notes = converted(tmp_path, f"services:\n  web: {{image: a, environment: {variables}}}\n{DB}")

    assert config["secrets"] == {name: f"{PARAMETER}{name}" for name in ("DATABASE_URL", "DB_HOST")}
    assert config["environment"] == {
        "DB_NAME": "shop",
        "DIALECT": "postgres",
        "DB_PORT": "5432",
        "OTHER": "postgres://u@db.example.com/x",
    }
    assert [rule["port"] for rule in config["egress"]] == [5432]
    assert starting(notes, "web environment.DATABASE_URL: names PostgreSQL")


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ("depends_on: [db]", "web depends_on: no variable names db (PostgreSQL)"),
        ("command: [migrate, 'postgres://db/x']", "web command: names db (PostgreSQL)"),
    ],
)
def test_a_database_that_only_the_code_or_the_command_names_is_reported(
    tmp_path: Path, fields: str, note: str
) -> None:
    _, notes = converted(tmp_path, f"services:\n  web: {{image: a, {fields}}}\n{DB}")

    assert starting(notes, note), notes


@pytest.mark.parametrize(
    "call", ["environment: {API: 'http://shop-api:4000/v1'}", "command: serve --api http://shop-api:4000/v1"]
)
def test_services_reach_each_other_by_the_names_of_the_file(tmp_path: Path, call: str) -> None:
    config, _ = converted(
        tmp_path,
        f"services:\n  web: {{image: a, ports: ['80:80'], {call}}}\n"
        "  api: {image: b, expose: ['4000'], container_name: shop-api}\n",
    )
    api = config["services"]["api"]

    assert config["connect"] == {"enabled": True, "protocol": "tcp", "calls": ["api"]}
    assert api["connect"] == {"enabled": True, "alias": "shop-api", "protocol": "tcp"}


@pytest.mark.parametrize(
    "variables",
    [
        "{WORKER_URL: 'http://worker:4000/jobs'}",
        "{WORKER: 'worker:4000'}",
        "{WORKER_HOST: worker, WORKER_PORT: '4000'}",
        "{WORKER_URL: 'http://worker:4000', OTHER: 'http://worker:4000/b'}",
    ],
)
def test_a_service_without_a_port_gets_the_one_that_others_call(tmp_path: Path, variables: str) -> None:
    config, notes = converted(tmp_path, CALLER % (variables, ""))

    assert config["connect"]["calls"] == ["worker"]
    assert config["services"]["worker"]["container-port"] == 4000
    assert (config, notes) == converted(tmp_path, CALLER % (variables, ", expose: ['4000']"))


@pytest.mark.parametrize(
    ("more", "variables", "note"),
    [
        (
            "",
            "{A: 'http://worker:4000', B: 'http://worker:5000'}",
            "worker expose: others call 4000 (by api) and 5000 (by api), and a service has one port",
        ),
        ("", "{WORKER_HOST: worker}", "worker expose: api calls it at an unknown port"),
        (
            ", expose: ['4000']",
            "{A: 'http://worker:4000', B: 'http://worker:5000'}",
            "worker ports: a service has one port, 4000 here, but others also call 5000 (by api)",
        ),
    ],
    ids=["two ports", "unknown port", "another port than the exposed one"],
)
def test_calls_that_no_port_answers_are_reported(
    tmp_path: Path, more: str, variables: str, note: str
) -> None:
    _, notes = converted(tmp_path, CALLER % (variables, more))

    assert starting(notes, note), notes


def test_calls_never_form_a_circle(tmp_path: Path) -> None:
    config, notes = converted(
        tmp_path,
        "services:\n  a: {image: a, expose: ['1'], environment: {URL: 'http://b:2'}}\n"
        "  b: {image: b, expose: ['2'], environment: {URL: 'http://c:3'}}\n"
        "  c: {image: c, expose: ['3'], environment: {URL: 'http://a:1'}}\n",
    )

    assert not [note for note in notes if "left out" in note]
    assert sum("calls" in service["connect"] for service in (config, *config["services"].values())) == 2


def test_a_service_that_runs_once_before_others_with_its_image_is_their_migration(tmp_path: Path) -> None:
    config, _ = converted(
        tmp_path,
        "services:\n  web: {build: ., ports: ['80:80'], depends_on: {up: {condition:"
        " service_completed_successfully}}}\n  up: {build: ., command: npm run migrate, restart: 'no'}\n"
        "  worker: {build: ., command: node worker.js}\n",
    )

    assert config["migration"] == {"command": ["npm", "run", "migrate"]}
    assert [*config["services"]] == ["worker"]
    assert "migration" not in config["services"]["worker"]
    assert settings_of(config).more_services["worker"].migration is not None


def test_services_with_profiles_are_left_out_unless_a_profile_is_named(tmp_path: Path) -> None:
    text = "services: {web: {image: a}, seed: {image: b, profiles: [jobs]}}\n"

    assert "services" not in converted(tmp_path, text)[0]
    assert "seed" in converted(tmp_path, text, profiles=["jobs"])[0]["services"]


def test_a_variables_file_with_secrets_is_split(tmp_path: Path) -> None:
    text = f"services:\n  web: {{image: a, env_file: [a.env, {{path: no.env, required: false}}]}}\n{DB}"
    config, notes = convert(write(tmp_path, text, **{"a.env": "MODE=fast\nAPI_KEY=abc\nDB_HOST=db\n"}))

    assert "environment-files" not in config
    assert config["environment"] == {"MODE": "fast"}
    assert sorted(config["secrets"]) == ["API_KEY", "DB_HOST"]
    assert not any("abc" in note for note in notes)


def test_a_variable_of_the_shell_is_a_secret(tmp_path: Path) -> None:
    config, notes = converted(tmp_path, "services: {web: {image: a, environment: [TOKEN, 'A=1']}}\n")

    assert (config["secrets"], config["environment"]) == ({"TOKEN": f"{PARAMETER}TOKEN"}, {"A": "1"})
    assert starting(notes, "web environment.TOKEN: comes from the shell")


def test_a_secret_file_is_a_variable(tmp_path: Path) -> None:
    config, _ = converted(
        tmp_path,
        "services: {web: {image: a, secrets: [pw], environment: {DB_PASSWORD_FILE: /run/secrets/pw}}}\n"
        "secrets: {pw: {file: pw.txt}}\n",
    )

    assert config["secrets"] == {"DB_PASSWORD": f"{PARAMETER}DB_PASSWORD"}
    assert "environment" not in config


@pytest.mark.parametrize(
    ("ports", "port", "exposure"),
    [
        ("['80:3000']", 3000, None),
        ("[3000]", 3000, None),
        ("['22:22']", 22, None),
        ("['0.0.0.0:80:3000/tcp']", 3000, None),
        ("['[::]:80:3000']", 3000, None),
        ("['127.0.0.1:80:3000']", 3000, "none"),
        ("['9229:9229', '80:3000']", 3000, None),
        ("['3000-3005:4000-4005']", 4000, None),
        ("[{target: 3000, published: 80}]", 3000, None),
        ("[{target: 3000}]", 3000, "none"),
        ("['${PORT:-80}:3000']", 3000, None),
    ],
)
def test_ports_are_read_in_every_form(tmp_path: Path, ports: str, port: int, exposure: str | None) -> None:
    config, _ = converted(tmp_path, f"services: {{web: {{image: a, ports: {ports}}}}}\n")

    assert (config["container-port"], config.get("exposure")) == (port, exposure)


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ("'./src:/app'", "./src:/app: folders of this machine"),
        ("/var/run/docker.sock:/var/run/docker.sock", "Fargate has no Docker socket"),
        ('"C:\\\\src:/app:ro"', "C:\\src:/app"),
        ("{type: bind, source: ./src, target: /app}", "./src:/app"),
    ],
)
def test_folders_of_the_machine_are_reported(tmp_path: Path, volume: str, text: str) -> None:
    config, notes = converted(tmp_path, f"services: {{web: {{image: a, volumes: [{volume}]}}}}\n")

    assert "volumes" not in config
    assert any(text in note for note in notes)


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ("build: {context: ., target: dev}", "web build.target: dev looks like a stage for development"),
        ("image: a, command: npm run dev", "web command: `npm run dev` looks like a development server"),
        ("image: a, user: root", "web user: root"),
        ("image: a, ports: ['1:1']", "healthcheck: the load balancer requests / of web"),
    ],
)
def test_fields_that_need_attention_are_reported(tmp_path: Path, fields: str, note: str) -> None:
    config, notes = converted(tmp_path, f"services: {{web: {{{fields}}}}}\n")

    assert starting(notes, note), notes
    assert "user" not in config


def test_a_health_check_of_the_file_is_not_reported(tmp_path: Path) -> None:
    check = "healthcheck: {test: [CMD, curl, 'http://localhost:1/']}"
    config, notes = converted(tmp_path, f"services: {{web: {{image: a, ports: ['1:1'], {check}}}}}\n")

    assert config["health-check-path"] == "/"
    assert not starting(notes, "healthcheck")


def test_a_service_whose_image_has_unknown_variables_is_left_out(tmp_path: Path) -> None:
    """It would run the main service's image."""
    text = "services: {web: {image: a}, api: {image: '${REGISTRY}/api:${TAG}'}}\n"
    config, notes = converted(tmp_path, text)

    assert "services" not in config
    assert starting(notes, "api image: left out, since '/api:' is not an image")


@pytest.mark.parametrize(
    ("text", "chosen", "message"),
    [
        (
            "services: {db: {image: postgres}}\n",
            {},
            r"has no service to deploy:\n  db image: left out, since it is PostgreSQL",
        ),
        ("services: {web: {image: a}}\n", {"public": ["wbe"]}, "there is no service 'wbe': web"),
    ],
)
def test_files_and_options_without_a_service_are_rejected(
    tmp_path: Path, text: str, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(AutomationError, match=message):
        converted(tmp_path, text, **chosen)


def test_a_line_break_before_a_command_is_dropped(tmp_path: Path) -> None:
    """The Pulumi CLI would drop it."""
    config, _ = converted(tmp_path, 'services: {web: {image: a, command: [sh, -c, "\\n  echo a\\n"]}}\n')

    assert config["command"] == ["sh", "-c", "  echo a\n"]
