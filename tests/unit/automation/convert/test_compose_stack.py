"""A whole Compose file: what becomes a service, what does not, and how they reach each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.errors import AutomationError
from tests.unit.automation.convert.compose_app import convert, write
from tests.unit.automation.convert.copilot_app import settings_of

PARAMETER = "/node-on-ecs/test/"
DB = "  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: x}}\n"


def named(config: Any, name: str) -> Any:
    return config["services"][name]


def test_published_services_are_public_and_the_usual_name_is_the_main_one(tmp_path: Path) -> None:
    config, notes = convert(
        write(
            tmp_path,
            "services:\n  api: {image: a, ports: ['4000:4000']}\n  web: {image: b, ports: ['80:3000']}\n"
            "  worker: {image: c}\n  local: {image: d, ports: ['127.0.0.1:9:9']}\n",
        )
    )

    assert (config["name"], config["container-port"]) == ("web", 3000)
    assert "exposure" not in named(config, "api")
    assert named(config, "worker")["exposure"] == named(config, "local")["exposure"] == "none"
    assert any("web, api are reached" in note or "api, web are reached" in note for note in notes)


def test_public_names_what_is_reached(tmp_path: Path) -> None:
    config, _ = convert(
        write(tmp_path, "services: {api: {image: a, ports: ['1:1']}, web: {image: b, ports: ['2:2']}}\n"),
        public=["api"],
    )

    assert config["name"] == "api"
    assert named(config, "web")["exposure"] == "none"


@pytest.mark.parametrize(
    ("image", "what"),
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
def test_databases_proxies_and_tools_are_left_out(tmp_path: Path, image: str, what: str) -> None:
    path = write(tmp_path, f"services: {{web: {{image: a}}, other: {{image: '{image}'}}}}\n")
    config, notes = convert(path)

    assert "services" not in config
    assert any(note.startswith(f"other image: left out, for it is {what}") for note in notes)
    assert named(convert(path, keep=["other"])[0], "other")["image"] == image


def test_what_is_built_is_an_app_whatever_its_image_is_called(tmp_path: Path) -> None:
    config, _ = convert(write(tmp_path, "services: {db: {image: postgres, build: .}}\n"))

    assert config["app-path"] == "."


def test_variables_that_lead_to_a_database_are_read_from_ssm(tmp_path: Path) -> None:
    variables = (
        "{DATABASE_URL: 'postgres://u:p@db:5432/x', DB_HOST: db, DB_NAME: shop, DIALECT: postgres, DB_PORT:"
        " 5432, OTHER: 'postgres://u@db.example.com/x'}"
    )
    config, notes = convert(
        write(tmp_path, f"services:\n  web: {{image: a, environment: {variables}}}\n{DB}")
    )

    assert config["secrets"] == {name: f"{PARAMETER}{name}" for name in ("DATABASE_URL", "DB_HOST")}
    assert config["environment"] == {
        "DB_NAME": "shop",
        "DIALECT": "postgres",
        "DB_PORT": "5432",
        "OTHER": "postgres://u@db.example.com/x",
    }
    assert [rule["port"] for rule in config["egress"]] == [5432]
    assert any("leads to PostgreSQL" in note and "DATABASE_URL" in note for note in notes)


def test_a_host_that_only_the_code_names_is_reported(tmp_path: Path) -> None:
    _, notes = convert(write(tmp_path, f"services:\n  web: {{image: a, depends_on: [db]}}\n{DB}"))

    assert any("no variable leads to db (PostgreSQL)" in note for note in notes)


def test_services_reach_each_other_by_the_names_of_the_file(tmp_path: Path) -> None:
    config, _ = convert(
        write(
            tmp_path,
            "services:\n  web: {image: a, ports: ['80:80'], environment: {API: 'http://shop-api:4000/v1'}}\n"
            "  api: {image: b, expose: ['4000'], container_name: shop-api}\n",
        )
    )

    assert config["connect"] == {"enabled": True, "protocol": "tcp", "calls": ["api"]}
    assert named(config, "api")["connect"] == {"enabled": True, "alias": "shop-api", "protocol": "tcp"}


@pytest.mark.parametrize(
    "variables",
    [
        "{WORKER_URL: 'http://worker:4000/jobs'}",
        "{WORKER: 'worker:4000'}",
        "{WORKER_HOST: worker, WORKER_PORT: '4000'}",
        "{WORKER_URL: 'http://worker:4000', OTHER: 'http://worker:4000/b'}",
    ],
)
def test_the_port_of_a_service_that_names_none_is_the_one_that_is_called(
    tmp_path: Path, variables: str
) -> None:
    text = f"services:\n  api: {{image: a, ports: ['80:80'], environment: {variables}}}\n  worker: {{image: b"
    config, notes = convert(write(tmp_path, f"{text}}}\n"))
    exposed = convert(write(tmp_path, f"{text}, expose: ['4000']}}\n"))

    assert config["connect"]["calls"] == ["worker"]
    assert named(config, "worker")["container-port"] == 4000
    assert named(config, "worker")["connect"] == {"enabled": True, "protocol": "tcp"}
    assert (config, notes) == exposed


@pytest.mark.parametrize(
    ("more", "variables", "note"),
    [
        (
            "",
            "{A: 'http://worker:4000', B: 'http://worker:5000'}",
            "worker expose: is called at 4000 (by api) and 5000 (by api), and a service has one port",
        ),
        ("", "{WORKER_HOST: worker}", "worker expose: is called by api, and nothing tells the port"),
        (
            ", expose: ['4000']",
            "{A: 'http://worker:4000', B: 'http://worker:5000'}",
            "worker ports: a service has one port, 4000 here, and this one is called at 5000 (by api) too",
        ),
    ],
)
def test_a_call_that_finds_nobody_is_reported(tmp_path: Path, more: str, variables: str, note: str) -> None:
    text = f"services:\n  api: {{image: a, ports: ['80:80'], environment: {variables}}}\n"
    _, notes = convert(write(tmp_path, f"{text}  worker: {{image: b{more}}}\n"))

    assert [one for one in notes if one.startswith(note)], notes


def test_services_that_wait_for_each_other_in_a_circle_are_accepted(tmp_path: Path) -> None:
    config, notes = convert(
        write(
            tmp_path,
            "services:\n  a: {image: a, expose: ['1'], environment: {URL: 'http://b:2'}}\n"
            "  b: {image: b, expose: ['2'], environment: {URL: 'http://c:3'}}\n"
            "  c: {image: c, expose: ['3'], environment: {URL: 'http://a:1'}}\n",
        )
    )

    settings_of(config)
    assert not [note for note in notes if "left out" in note]
    assert len([one for one in (config, *config["services"].values()) if "calls" in one["connect"]]) == 2


def test_a_service_that_runs_once_before_another_one_is_its_migration(tmp_path: Path) -> None:
    config, _ = convert(
        write(
            tmp_path,
            "services:\n  web: {build: ., ports: ['80:80'], depends_on: {migrate: {condition:"
            " service_completed_successfully}}}\n  migrate: {build: ., command: npm run migrate, restart:"
            " 'no'}\n",
        )
    )

    assert config["migration"] == {"command": ["npm", "run", "migrate"]}
    assert "services" not in config


def test_profiles_are_left_out_unless_they_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "services: {web: {image: a}, seed: {image: b, profiles: [jobs]}}\n")

    assert "services" not in convert(path)[0]
    assert "seed" in convert(path, profiles=["jobs"])[0]["services"]


def test_a_file_of_variables_with_secrets_is_taken_apart(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"services:\n  web: {{image: a, env_file: [a.env, {{path: gone.env, required: false}}]}}\n{DB}",
        **{"a.env": "MODE=fast\nAPI_KEY=abc\nDB_HOST=db\n"},
    )
    config, notes = convert(path)

    assert "environment-files" not in config
    assert config["environment"] == {"MODE": "fast"}
    assert sorted(config["secrets"]) == ["API_KEY", "DB_HOST"]
    assert not any("abc" in note for note in notes)


def test_a_variable_from_the_shell_is_a_secret(tmp_path: Path) -> None:
    config, notes = convert(write(tmp_path, "services: {web: {image: a, environment: [TOKEN, 'A=1']}}\n"))

    assert (config["secrets"], config["environment"]) == ({"TOKEN": f"{PARAMETER}TOKEN"}, {"A": "1"})
    assert any("comes from the shell" in note for note in notes)


def test_a_secret_file_is_a_variable(tmp_path: Path) -> None:
    config, _ = convert(
        write(
            tmp_path,
            "services: {web: {image: a, secrets: [pw], environment: {DB_PASSWORD_FILE: /run/secrets/pw}}}\n"
            "secrets: {pw: {file: pw.txt}}\n",
        )
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
    config, _ = convert(write(tmp_path, f"services: {{web: {{image: a, ports: {ports}}}}}\n"))

    assert (config["container-port"], config.get("exposure")) == (port, exposure)


@pytest.mark.parametrize(
    ("volume", "notes"),
    [
        ("./src:/app", "./src:/app: folders of this machine"),
        ("/var/run/docker.sock:/var/run/docker.sock", "there is no Docker to talk to"),
        ("C:\\\\src:/app:ro", "C:\\src:/app"),
        ("{type: bind, source: ./src, target: /app}", "./src:/app"),
    ],
)
def test_folders_of_the_machine_are_reported(tmp_path: Path, volume: str, notes: str) -> None:
    quoted = volume if volume.startswith("{") else f'"{volume}"'
    config, said = convert(write(tmp_path, f"services: {{web: {{image: a, volumes: [{quoted}]}}}}\n"))

    assert "volumes" not in config
    assert any(notes in note for note in said)


def test_a_server_for_development_is_named(tmp_path: Path) -> None:
    _, notes = convert(
        write(tmp_path, "services: {web: {build: {context: ., target: dev}, command: npm run dev}}\n")
    )

    assert len([note for note in notes if "for development" in note]) == 2


def test_root_is_no_user(tmp_path: Path) -> None:
    config, notes = convert(write(tmp_path, "services: {web: {image: a, user: 'root'}}\n"))

    assert "user" not in config
    assert any(note.startswith("web user: root") for note in notes)


def test_a_service_without_an_image_of_a_known_name_is_left_out(tmp_path: Path) -> None:
    """Else it would run the main one's image."""
    config, notes = convert(
        write(tmp_path, "services: {web: {image: a}, api: {image: '${REGISTRY}/api:${TAG}'}}\n")
    )

    assert "services" not in config
    assert any(note.startswith("api image: left out, for '/api:' is no image") for note in notes)


@pytest.mark.parametrize(
    ("text", "wanted", "says"),
    [
        ("services: {db: {image: postgres}}\n", {}, "has no service to deploy: db"),
        ("services: {web: {image: a}}\n", {"public": ["wbe"]}, "there is no service 'wbe': web"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, text: str, wanted: dict[str, Any], says: str
) -> None:
    with pytest.raises(AutomationError, match=says):
        convert(write(tmp_path, text), **wanted)


def test_the_path_that_the_load_balancer_asks_for_is_questioned_where_it_is_guessed(tmp_path: Path) -> None:
    asked = "healthcheck: {test: [CMD, curl, 'http://localhost:1/']}"
    config, notes = convert(
        write(
            tmp_path,
            f"services: {{web: {{image: a, ports: ['1:1'], {asked}}}, api: {{image: b, ports: ['2:2']}}}}\n",
        )
    )

    assert config["health-check-path"] == "/"
    assert [note for note in notes if note.startswith("healthcheck: the load balancer asks api for /")]


def test_a_line_break_before_a_command_is_dropped(tmp_path: Path) -> None:
    """The CLI would drop it."""
    config, _ = convert(write(tmp_path, 'services: {web: {image: a, command: [sh, -c, "\\n  echo a\\n"]}}\n'))

    assert config["command"] == ["sh", "-c", "  echo a\n"]


def test_a_service_with_the_same_image_waits_for_the_migration_of_the_main_one(tmp_path: Path) -> None:
    config, _ = convert(
        write(
            tmp_path,
            "services:\n  web: {build: ., ports: ['80:80'], depends_on: {up: {condition:"
            " service_completed_successfully}}}\n  up: {build: ., command: npm run migrate}\n  worker:"
            " {build: ., command: node worker.js}\n",
        )
    )

    assert "migration" not in config["services"]["worker"]
    assert settings_of(config).more_services["worker"].migration is not None
