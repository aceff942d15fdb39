"""Every field of the table: it is converted to its keys, or reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.compose_fields import SERVICE
from tests.unit.automation.convert.compose_app import convert, write

PORT = "ports: ['80:8080']"

CONVERTED: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("", {"image": "node:24"}),
    "build": ("build: ./web", {"app-path": "web", "image": None}),
    "build.context": ("build: {context: web}", {"app-path": "web"}),
    "build.dockerfile": (
        "build: {dockerfile: prod.Dockerfile}",
        {"app-path": ".", "dockerfile": "prod.Dockerfile"},
    ),
    "build.target": ("build: {context: ., target: prod}", {"build-target": "prod"}),
    "build.args": ("build: {context: ., args: [A=1.20, B=x]}", {"build-args": {"A": "1.20", "B": "x"}}),
    "build.secrets": ("build: {context: ., secrets: [npm]}", {"build-secrets": {"npm": {"file": "npm.txt"}}}),
    "build.platforms": ("build: {context: ., platforms: [linux/amd64]}", {"architecture": "x86_64"}),
    "ports": (PORT, {"container-port": 8080, "exposure": None}),
    "expose": ("expose: ['9000']", {"container-port": 9000, "exposure": "none"}),
    "environment": (
        "environment: {A: 1.20, B: 'x', C: 0420, D: yes}",
        {"environment": {"A": "1.2", "B": "x", "C": "272", "D": "yes"}},
    ),
    "env_file": ("env_file: app.env", {"environment-files": ["app.env"]}),
    "secrets": ("secrets: [db_password]", {"secrets": {"DB_PASSWORD": "/node-on-ecs/test/DB_PASSWORD"}}),
    "command": ("command: node 'a b.js'", {"command": ["node", "a b.js"]}),
    "entrypoint": ("entrypoint: [sh, -c]", {"entrypoint": ["sh", "-c"]}),
    "volumes": (
        "volumes: ['up_loads:/data/up:ro', '/app/node_modules']",
        {"volumes": {"up-loads": {"path": "/data/up", "read-only": True, "efs": {}}}},
    ),
    "tmpfs": ("tmpfs: ['/cache:size=128m', /run]", {"tmpfs": {"/tmp": 64, "/cache": 128, "/run": 64}}),
    "read_only": ("read_only: true", {"tmpfs": None}),
    "depends_on": ("depends_on: [api]", {"connect": {"enabled": True, "offers": False, "calls": ["api"]}}),
    "healthcheck.test": (
        f"{PORT}\n    healthcheck: {{test: curl -f http://localhost:8080/ok || exit 1}}",
        {
            "health-check-command": ["CMD-SHELL", "curl -f http://localhost:8080/ok || exit 1"],
            "health-check-path": "/ok",
        },
    ),
    "healthcheck.disable": ("healthcheck: {disable: true}", {"health-check-command": []}),
    "healthcheck.interval": (
        f"{PORT}\n    healthcheck: {{interval: 30s}}",
        {"health-check-interval-seconds": 30},
    ),
    "healthcheck.timeout": (
        f"{PORT}\n    healthcheck: {{interval: 30s, timeout: 3s}}",
        {"health-check-timeout-seconds": 3},
    ),
    "healthcheck.retries": (f"{PORT}\n    healthcheck: {{retries: 5}}", {"unhealthy-threshold": 5}),
    "healthcheck.start_period": (
        "healthcheck: {start_period: 1m}",
        {"health-check-grace-period-seconds": 60},
    ),
    "deploy.replicas": ("deploy: {replicas: 0}", {"desired-count": 0}),
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
    "scale": ("scale: 3", {"desired-count": 3}),
    "cpus": ("cpus: 2", {"cpu": 2048, "memory": 4096}),
    "mem_limit": ("mem_limit: 512m", {"cpu": 256, "memory": 512}),
    "mem_reservation": ("mem_reservation: 1g", {"cpu": 256, "memory": 1024}),
    "platform": ("platform: linux/amd64", {"architecture": "x86_64"}),
    "user": ("user: '1500:1500'", {"user": "1500:1500"}),
    "init": ("init: true", {"command": None}),
    "stop_grace_period": ("stop_grace_period: 1m30s", {"stop-timeout-seconds": 90}),
    "ulimits": ("ulimits: {nofile: {soft: 9, hard: 9}}", {"ulimits": {"nofile": 9}}),
    "profiles": ("profiles: [jobs]", {"image": "node:24"}),
    "extends": ("extends: {service: api}", {"container-port": 4000}),
    "restart": ("restart: unless-stopped", {"desired-count": None}),
    "labels": (
        f"{PORT}\n    labels: ['traefik.http.routers.web.rule=Host(`www.example.com`)']",
        {"domain": "www.example.com", "zone": "example.com"},
    ),
    "networks": ("networks: [default]", {"connect": None}),
    "container_name": ("container_name: shop-web", {"name": "web"}),
    "hostname": ("hostname: shop-web", {"name": "web"}),
    "links": ("links: [api]", {"connect": None}),
    "shm_size": ("shm_size: 64m", {"tmpfs": {"/tmp": 64, "/dev/shm": 64}}),
    "cap_drop": ("cap_drop: [ALL]", {"sidecars": None}),
    "network_mode": ("network_mode: bridge", {"network-mode": None}),
    "develop": ("develop: {watch: []}", {"services": None}),
    "pull_policy": ("pull_policy: always", {"image": "node:24"}),
    "stdin_open": ("stdin_open: true", {"execute-command": None}),
    "tty": ("tty: true", {"execute-command": None}),
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


def test_every_field_with_keys_has_an_example() -> None:
    assert sorted(CONVERTED) == sorted(field.name for field in SERVICE if field.keys)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_field_is_converted_to_its_keys(tmp_path: Path, name: str) -> None:
    fields, expected = CONVERTED[name]
    config, notes = convert(file_with(tmp_path, name, fields), profiles=["jobs"])

    assert config["name"] == "web" or name in WITH_API
    service = config if config["name"] == "web" else config["services"]["web"]
    assert {key: service.get(key) for key in expected} == expected
    assert not [note for note in notes if note.startswith(f"web {name}:") and "cannot be read" in note]


@pytest.mark.parametrize("name", [field.name for field in SERVICE if not field.keys])
def test_a_field_without_keys_is_reported(tmp_path: Path, name: str) -> None:
    first, *inner = name.split(".")
    value = "{driver: gelf}" if name == "logging" else "[text]"
    for part in reversed(inner):
        value = f"{{{part}: {value}}}"
    _, notes = convert(file_with(tmp_path, name, f"{first}: {value}"))

    advice = next(field.text for field in SERVICE if field.name == name)
    assert [note for note in notes if note.startswith(f"web {name}") and advice in note], notes
