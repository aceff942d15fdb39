"""Every field of the table: it is converted to its keys, or reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.compose_fields import SERVICE
from tests.unit.automation.convert.compose_app import convert, write

PORT = "ports: ['80:8080']"

SIMPLE: dict[str, tuple[str, Any]] = {
    "build.context": ("web", "web"),
    "build.target": ("prod", "prod"),
    "build.args": ("[A=1.20, B=x]", {"A": "1.20", "B": "x"}),
    "build.secrets": ("[npm]", {"npm": {"file": "npm.txt"}}),
    "build.platforms": ("[linux/amd64]", "x86_64"),
    "environment": ("{A: 1.20, B: 'x', C: 0420, D: yes}", {"A": "1.2", "B": "x", "C": "272", "D": "yes"}),
    "env_file": ("app.env", ["app.env"]),
    "secrets": ("[db_password]", {"DB_PASSWORD": "/node-on-ecs/test/DB_PASSWORD"}),
    "command": ("node 'a b.js'", ["node", "a b.js"]),
    "entrypoint": ("[sh, -c]", ["sh", "-c"]),
    "volumes": (
        "['up_loads:/data/up:ro', '/app/node_modules']",
        {"up-loads": {"path": "/data/up", "read-only": True, "efs": {}}},
    ),
    "tmpfs": ("['/cache:size=128m', /run]", {"/tmp": 64, "/cache": 128, "/run": 64}),
    "healthcheck.disable": ("true", []),
    "healthcheck.start_period": ("1m", 60),
    "deploy.replicas": ("0", 0),
    "scale": ("3", 3),
    "platform": ("linux/amd64", "x86_64"),
    "user": ("'1500:1500'", "1500:1500"),
    "stop_grace_period": ("1m30s", 90),
    "ulimits": ("{nofile: {soft: 9, hard: 9}}", {"nofile": 9}),
    "shm_size": ("64m", {"/tmp": 64, "/dev/shm": 64}),
}
"""Values of fields that have one key, and the key's value."""

CONVERTED: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("", {"image": "node:24"}),
    "build": ("build: ./web", {"app-path": "web", "image": None}),
    "build.dockerfile": (
        "build: {dockerfile: prod.Dockerfile}",
        {"app-path": ".", "dockerfile": "prod.Dockerfile"},
    ),
    "ports": (PORT, {"container-port": 8080, "exposure": None}),
    "expose": ("expose: ['9000']", {"container-port": 9000, "exposure": "none"}),
    "depends_on": ("depends_on: [api]", {"connect": {"enabled": True, "offers": False, "calls": ["api"]}}),
    "healthcheck.test": (
        f"{PORT}\n    healthcheck: {{test: curl -f http://localhost:8080/ok || exit 1}}",
        {
            "health-check-command": ["CMD-SHELL", "curl -f http://localhost:8080/ok || exit 1"],
            "health-check-path": "/ok",
        },
    ),
    "healthcheck.interval": (
        f"{PORT}\n    healthcheck: {{interval: 30s}}",
        {"health-check-interval-seconds": 30},
    ),
    "healthcheck.timeout": (
        f"{PORT}\n    healthcheck: {{interval: 30s, timeout: 3s}}",
        {"health-check-timeout-seconds": 3},
    ),
    "healthcheck.retries": (f"{PORT}\n    healthcheck: {{retries: 5}}", {"unhealthy-threshold": 5}),
    "deploy.resources.limits.cpus": (
        "deploy: {resources: {limits: {cpus: '0.5'}}}",
        {"cpu": 512, "memory": 1024},
    ),
    "deploy.resources.limits.memory": (
        "deploy: {resources: {limits: {memory: 700M}}}",
        {"cpu": 256, "memory": 1024},
    ),
    "deploy.resources.reservations.cpus": (
        "deploy: {resources: {reservations: {cpus: '1'}}}",
        {"cpu": 1024, "memory": 2048},
    ),
    "deploy.resources.reservations.memory": (
        "deploy: {resources: {reservations: {memory: 3g}}}",
        {"cpu": 512, "memory": 3072},
    ),
    "cpus": ("cpus: 2", {"cpu": 2048, "memory": 4096}),
    "mem_limit": ("mem_limit: 512m", {"cpu": 256, "memory": 512}),
    "mem_reservation": ("mem_reservation: 1g", {"cpu": 256, "memory": 1024}),
    "extends": ("extends: {service: api}", {"container-port": 4000}),
    "restart": ("restart: unless-stopped", {"desired-count": None}),
    "labels": (
        f"{PORT}\n    labels: ['traefik.http.routers.web.rule=Host(`www.example.com`)']",
        {"domain": "www.example.com", "zone": "example.com"},
    ),
    "container_name": ("container_name: shop-web", {"name": "web"}),
    "hostname": ("hostname: shop-web", {"name": "web"}),
    "network_mode": ("network_mode: bridge", {"network-mode": None}),
}
"""Fields of a service, and the keys that they are converted to; None is a key that is not written."""

API = "  api: {image: 'node:24', expose: ['4000']}\n"
WITH_API = ("depends_on", "extends")


def file_with(folder: Path, name: str, fields: str) -> Path:
    image = "" if fields.startswith("build") else "    image: node:24\n"
    text = f"services:\n  web:\n{image}    {fields}\n{API if name in WITH_API else ''}"
    return write(
        folder,
        f"{text}secrets: {{npm: {{file: npm.txt}}, db_password: {{file: a}}}}\nvolumes: {{up_loads: {{}}}}\n",
        **{"app.env": "MODE=fast\n"},
    )


@pytest.fixture(autouse=True)
def in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings read files of variables from the project's folder."""
    monkeypatch.chdir(tmp_path)


def nested(name: str, value: str) -> str:
    """Return the YAML of a field with a value."""
    first, *inner = name.split(".")
    for part in reversed(inner):
        value = f"{{{part}: {value}}}"
    return f"{first}: {value}"


def test_every_field_with_keys_has_an_example() -> None:
    converted = sorted(field.name for field in SERVICE if field.keys and field.reader != "skip")

    assert sorted([*SIMPLE, *CONVERTED]) == converted


@pytest.mark.parametrize("name", SIMPLE)
def test_a_field_is_converted_to_its_key(tmp_path: Path, name: str) -> None:
    value, expected = SIMPLE[name]
    config, _ = convert(file_with(tmp_path, name, nested(name, value)))

    key = next(field.keys for field in SERVICE if field.name == name).strip("`")
    assert config[key] == expected


@pytest.mark.parametrize("name", CONVERTED)
def test_a_service_is_converted_to_its_keys(tmp_path: Path, name: str) -> None:
    fields, expected = CONVERTED[name]
    config, notes = convert(file_with(tmp_path, name, fields))

    assert config["name"] == "web" or name in WITH_API
    service = config if config["name"] == "web" else config["services"]["web"]
    assert {key: service.get(key) for key in expected} == expected
    assert not [note for note in notes if note.startswith(f"web {name}:") and "cannot be read" in note]


@pytest.mark.parametrize("name", [field.name for field in SERVICE if field.reader == "skip"])
def test_a_field_without_effect_changes_nothing(tmp_path: Path, name: str) -> None:
    config, notes = convert(file_with(tmp_path, name, nested(name, "[jobs]")), profiles=["jobs"])

    assert (config, notes) == convert(file_with(tmp_path, name, ""))


@pytest.mark.parametrize("name", [field.name for field in SERVICE if not field.keys])
def test_a_field_without_keys_is_reported(tmp_path: Path, name: str) -> None:
    value = "{driver: gelf}" if name == "logging" else "[text]"
    _, notes = convert(file_with(tmp_path, name, nested(name, value)))

    advice = next(field.text for field in SERVICE if field.name == name)
    assert [note for note in notes if note.startswith(f"web {name}") and advice in note], notes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((field.name, "[[a]]") for field in SERVICE if field.reader not in ("", "skip")),
        *((name, "text") for name in ("ports", "depends_on", "secrets", "deploy.replicas", "cpus")),
        *((name, "12q") for name in ("mem_limit", "stop_grace_period")),
        *((name, "9" * 400) for name in ("cpus", "mem_limit")),
        *((name, "{a: 1}") for name in ("user", "platform")),
    ],
)
def test_a_value_that_cannot_be_read_is_reported(tmp_path: Path, name: str, value: str) -> None:
    """A lost value would show only after the deployment."""
    _, notes = convert(file_with(tmp_path, name, nested(name, value)))

    assert [note for note in notes if note.startswith(f"web {name}: would be ")], notes
