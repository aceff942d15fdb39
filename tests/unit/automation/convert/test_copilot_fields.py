"""Every field of the table: it is converted to its keys, or reported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.convert.copilot_fields import WORKLOAD
from tests.unit.automation.convert.copilot_app import app, convert

BACKEND = "type: Backend Service\nimage: {location: node:24, port: 8080}\n"
JOB = "type: Scheduled Job\nimage: {location: node:24}\n"
WEB = "type: Load Balanced Web Service\nimage: {location: node:24, port: 8080}\n"
BUILT = "type: Load Balanced Web Service\n"
SPOT = {"capacity-provider": "FARGATE_SPOT", "weight": 1}
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf"
FILES = "storage: {volumes: {up: {path: /up, %s}}}\n"
SIDE = "sidecars: {nginx: {image: 'nginx:1', %s}}\n"
LOGS = "logging: {%s}"
BASE = {"read-only-root-filesystem": False, "drop-capabilities": []}

SIMPLE: dict[str, tuple[str, Any]] = {
    "entrypoint": ("[sh, -c]", ["sh", "-c"]),
    "command": ("'node server.js \"a b\"'", ["node", "server.js", "a b"]),
    "memory": ("1024", 1024),
    "platform": ("linux/arm64", "arm64"),
    "count": ("0", 0),
    "count.requests": ("1000", 1000),
    "exec": ("yes", True),
    "env_file": ("web.env", ["web.env"]),
    "secrets.*.secretsmanager": ("'shop/db:password::'", {"x": "secret:shop/db:password::"}),
    "http.path": ("api", ["/api", "/api/*"]),
    "http.healthcheck": ("/ok", "/ok"),
    "http.healthcheck.path": ("ok", "/ok"),
    "http.healthcheck.port": ("9000", 9000),
    "http.healthcheck.success_codes": ("'200, 301-399'", "200,301-399"),
    "http.healthcheck.healthy_threshold": ("4", 4),
    "http.healthcheck.unhealthy_threshold": ("4", 4),
    "http.healthcheck.interval": ("15s", 15),
    "http.healthcheck.timeout": ("8s", 8),
    "http.healthcheck.grace_period": ("2m", 120),
    "http.deregistration_delay": ("5s", 5),
    "http.stickiness": ("true", 86400),
    "http.targetContainer": ("x", "x"),
    "http.allowed_source_ips": ("[192.0.2.0/24, 198.51.100.1]", ["192.0.2.0/24", "198.51.100.1/32"]),
    "nlb.target_port": ("8081", 8081),
    "nlb.healthcheck.port": ("9000", 9000),
    "nlb.healthcheck.healthy_threshold": ("5", 5),
    "nlb.healthcheck.unhealthy_threshold": ("5", 5),
    "nlb.healthcheck.interval": ("30s", 30),
    "nlb.healthcheck.timeout": ("8s", 8),
    "nlb.healthcheck.grace_period": ("8s", 8),
    "nlb.deregistration_delay": ("8s", 8),
    "network.vpc.placement": ("private", "one-per-az"),
    "network.vpc.security_groups": ("[sg-01234567]", ["sg-01234567"]),
    "network.vpc.security_groups.groups": ("[sg-01234567]", ["sg-01234567"]),
    "storage.ephemeral": ("100", 100),
    "storage.readonly_fs": ("true", None),
    "storage.volumes.*.efs": ("true", {}),
    "storage.volumes.*.efs.id": ("fs-89abcdef", "fs-89abcdef"),
    "sidecars.*.image": ("'nginx:2'", "nginx:2"),
    "sidecars.*.port": ("9000/udp", 9000),
    "sidecars.*.essential": ("false", False),
    "sidecars.*.variables": ("{A: 1}", {"A": "1"}),
    "sidecars.*.secrets": ("{A: /a}", {"A": "/a"}),
    "sidecars.*.env_file": ("web.env", ["web.env"]),
    "sidecars.*.entrypoint": ("sh -c", ["sh", "-c"]),
    "sidecars.*.command": ("[ps]", ["ps"]),
    "sidecars.*.healthcheck.command": ("[CMD, ok]", ["CMD", "ok"]),
    "logging.retention": ("7", 7),
    "logging.image": ("'fluent/fluent-bit:4'", "fluent/fluent-bit:4"),
    "logging.enableMetadata": ("false", False),
    "logging.configFilePath": ("/extra.conf", "/extra.conf"),
    "logging.variables": ("{A: 1}", {"A": "1"}),
    "logging.secrets": ("{A: /a}", {"A": "/a"}),
    "logging.env_file": ("web.env", ["web.env"]),
    "deployment.rollback_alarms": ("[slow]", ["slow"]),
    "observability.tracing": ("awsxray", True),
}
"""Values of fields that have one key, and the key's value; None is a key that is not written."""

CONVERTED: dict[str, tuple[str, dict[str, Any]]] = {
    "name": ("", {"name": "web"}),
    "type": (BACKEND, {"exposure": "none"}),
    "environments": ("cpu: 256\nenvironments: {test: {cpu: 512, memory: 1024}}", {"cpu": 512}),
    "image.build": (
        f"{BUILT}image: {{build: api/Dockerfile, port: 80}}",
        {"app-path": "api", "dockerfile": None, "container-port": 80},
    ),
    "image.build.context": (
        f"{BUILT}image: {{build: {{context: web}}, port: 80}}",
        {"app-path": "web", "dockerfile": None},
    ),
    "image.build.dockerfile": (
        f"{BUILT}image: {{build: {{dockerfile: docker/Web, context: .}}, port: 80}}",
        {"app-path": ".", "dockerfile": "docker/Web"},
    ),
    "image.build.target": (
        f"{BUILT}image: {{build: {{dockerfile: Dockerfile, target: prod}}, port: 80}}",
        {"app-path": ".", "build-target": "prod"},
    ),
    "image.build.args": (
        f"{BUILT}image: {{build: {{dockerfile: Dockerfile, args: {{A: 1.20, B: 0420, C: yes}}}}, port: 80}}",
        {"build-args": {"A": "1.20", "B": "0420", "C": "yes"}},
    ),
    "image.location": ("", {"image": "node:24"}),
    "image.credentials": (
        f"type: Backend Service\nimage: {{location: 'ghcr.io/a/b@sha256:{'0' * 64}', credentials: '{ARN}'}}",
        {"registry-credentials": ARN},
    ),
    "image.port": ("", {"container-port": 8080}),
    "image.depends_on": (
        "type: Backend Service\nimage: {location: node:24, depends_on: {nginx: START}}\nsidecars: {nginx: {image: nginx:1}}",
        {"depends-on": {"nginx": "start"}},
    ),
    "image.healthcheck.command": (
        "type: Backend Service\nimage: {location: node:24, healthcheck: {command: [CMD, node, ok.js]}}\n",
        {"health-check-command": ["CMD", "node", "ok.js"]},
    ),
    "image.healthcheck.start_period": (
        "type: Backend Service\nimage: {location: node:24, healthcheck: {start_period: 1m30s}}\n",
        {"health-check-grace-period-seconds": 90},
    ),
    "cpu": ("cpu: 1024\nmemory: 2048", {"cpu": 1024}),
    "count.range": (
        "count: {range: 2-10, cpu_percentage: 70}",
        {
            "desired-count": 2,
            "autoscaling": {
                "enabled": True,
                "min-count": 2,
                "max-count": 10,
                "cpu-percent": 70,
                "memory-percent": 0,
                "requests-per-target": 0,
                "scale-in-seconds": 120,
                "scale-out-seconds": 60,
            },
        },
    ),
    "count.range.spot_from": (
        "count: {range: {min: 1, max: 9, spot_from: 3}, cpu_percentage: 70}",
        {"capacity-provider-strategy": [SPOT, {"capacity-provider": "FARGATE", "weight": 0, "base": 2}]},
    ),
    "count.spot": (
        "count: {spot: 3}",
        {"desired-count": 3, "capacity-provider-strategy": [SPOT], "autoscaling": None},
    ),
    "count.cpu_percentage": (
        "count: {range: 1-2, cpu_percentage: {value: 55, cooldown: {in: 1m}}}",
        {"autoscaling.cpu-percent": 55, "autoscaling.scale-in-seconds": 60},
    ),
    "count.memory_percentage": (
        "count: {range: 1-2, memory_percentage: 80}",
        {"autoscaling.memory-percent": 80, "autoscaling.cpu-percent": 0},
    ),
    "count.cooldown": (
        "count: {range: 1-2, requests: 9, cooldown: {in: 30s, out: 90s}}",
        {"autoscaling.scale-in-seconds": 30, "autoscaling.scale-out-seconds": 90},
    ),
    "count.*.cooldown": (
        "count: {range: 1-2, requests: {value: 9, cooldown: {out: 5m}}, cooldown: {out: 90s}}",
        {"autoscaling.scale-out-seconds": 300},
    ),
    "variables": (
        "variables: {A: 1.20, B: 0420, C: 12:30:00, D: on, E: '', F: 1e3}",
        {"environment": {"A": "1.20", "B": "0420", "C": "12:30:00", "D": "on", "E": "", "F": "1e3"}},
    ),
    "secrets": (
        f"secrets:\n  A: /copilot/${{COPILOT_APPLICATION_NAME}}/${{COPILOT_ENVIRONMENT_NAME}}/secrets/A\n  B: GITHUB\n  C: shop/key\n  D: '{ARN}:key::'",
        {
            "secrets": {
                "A": "/copilot/shop/test/secrets/A",
                "B": "ssm:GITHUB",
                "C": "/shop/key",
                "D": f"{ARN}:key::",
            }
        },
    ),
    "http.alias": (
        "http: {path: /, alias: [example.com, www.example.com]}",
        {"domain": "example.com", "zone": "example.com", "aliases": ["www.example.com"]},
    ),
    "http.hosted_zone": (
        "http: {path: /, alias: a.example.com, hosted_zone: Z0123456789}",
        {"domain": "a.example.com", "hosted-zone-id": "Z0123456789"},
    ),
    "http.version": ("http: {path: /, version: gRPC, alias: a.example.com}", {"protocol-version": "grpc"}),
    "http.target_container": (
        "http: {path: /, target_container: nginx}\nsidecars: {nginx: {image: nginx:1, port: 81}}",
        {"ingress-container": "nginx", "sidecars.nginx.port": 81},
    ),
    "http.target_port": (
        "http: {path: /, target_container: nginx, target_port: 83}\nsidecars: {nginx: {image: nginx:1}}",
        {"sidecars.nginx.port": 83},
    ),
    "http.additional_rules": (
        "http: {path: a, additional_rules: [{path: b}]}",
        {"paths": ["/a", "/a/*", "/b", "/b/*"]},
    ),
    "nlb.port": (
        "nlb: {port: 443/tls, alias: a.example.com}",
        {"exposure": "tcp", "listener-port": 443, "listener-protocol": "tls"},
    ),
    "nlb.target_container": (
        "nlb: {port: 80, target_container: nginx}\nsidecars: {nginx: {image: nginx:1}}",
        {"ingress-container": "nginx", "sidecars.nginx.port": 80},
    ),
    "nlb.alias": ("nlb: {port: 80, alias: a.example.com}", {"domain": "a.example.com"}),
    "network.connect": (
        f"{BACKEND}network: {{connect: true}}",
        {"connect": {"enabled": True, "protocol": "tcp"}},
    ),
    "network.connect.alias": (
        f"{BACKEND}network: {{connect: {{alias: api.shop}}}}",
        {"connect.alias": "api.shop"},
    ),
    "storage.volumes": (FILES % "read_only: false", {"volumes": {"up": {"path": "/up"}}}),
    "storage.volumes.*.efs.auth.access_point_id": (
        FILES % "efs: {id: fs-01234567, auth: {access_point_id: fsap-01234567, iam: true}}",
        {"volumes.up.efs.access-point-id": "fsap-01234567"},
    ),
    "storage.volumes.*.efs.uid": (
        FILES % "efs: {uid: 1500, gid: 1501}",
        {"user": "1500:1501", "volumes.up.efs": {}},
    ),
    "storage.volumes.*.efs.gid": (FILES % "efs: {uid: 1500, gid: 1501}", {"user": "1500:1501"}),
    "sidecars": (SIDE % "port: '9000'", {"sidecars": {"nginx": {"image": "nginx:1", **BASE, "port": 9000}}}),
    "sidecars.*.credentialsParameter": (
        f"sidecars: {{x: {{image: 'ghcr.io/a/b@sha256:{'0' * 64}', credentialsParameter: '{ARN}'}}}}",
        {"sidecars.x.registry-credentials": ARN},
    ),
    "sidecars.*.mount_points": (
        (SIDE % "mount_points: [{source_volume: myCache, path: /c}]")
        + "storage: {volumes: {myCache: {path: /c, read_only: false}}}\n",
        {"volumes": {"my-cache": {"path": "/c"}}, "sidecars.nginx.volumes": {"my-cache": "/c"}},
    ),
    "sidecars.*.depends_on": (
        "sidecars: {a: {image: nginx:1, depends_on: {b: start}}, b: {image: nginx:1}}",
        {"sidecars.a.depends-on": {"b": "start"}},
    ),
    "logging.destination": (
        LOGS % "destination: {Name: cloudwatch, region: eu-west-1}",
        {
            "log-options": {"Name": "cloudwatch", "region": "eu-west-1"},
            "sidecars.log-router.log-router": True,
        },
    ),
    "deployment.rolling": (
        "deployment: {rolling: recreate}",
        {"deployment-minimum-healthy-percent": 0, "deployment-maximum-percent": 101},
    ),
    "on.schedule": (
        f"{JOB}on: {{schedule: 0 9 * * 1-5}}",
        {"desired-count": 0, "exposure": "none", "schedules": {"web": {"cron": "0 9 ? * 2-6 *"}}},
    ),
    "taskdef_overrides": (
        "taskdef_overrides:\n  - {path: 'ContainerDefinitions[0].Ulimits[-]', value: {Name: nofile, SoftLimit: 9, HardLimit: 9}}\n  - {path: 'ContainerDefinitions[0].StopTimeout', value: 90}\n  - {path: 'ContainerDefinitions[0].User', value: '1500'}",
        {"ulimits": {"nofile": 9}, "stop-timeout-seconds": 90, "user": "1500"},
    ),
}
"""A manifest with each field, and the keys that it is converted to; None is a key that is not written."""

BASES: dict[str, Any] = {
    "image": {"location": "node:24", "port": 8080},
    "count": {"range": "1-2"},
    "http": {"path": "/"},
    "nlb": {"port": 80},
    "sidecars": {"x": {"image": "nginx:1", "port": 81}},
    "storage": {"volumes": {"x": {"path": "/up", "efs": {"id": "fs-01234567"}}}},
}
"""What a field of these objects needs beside itself; `x` is the name in place of `*`."""


@pytest.fixture(autouse=True)
def in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings read files of variables from the project's folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web.env").write_text("A=1\n")


def at(config: dict[str, Any], path: str) -> Any:
    here: Any = config
    for part in path.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


def with_value(fields: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Return fields with another one at a path, whose `*` is x."""
    name, *inner = path
    name = "x" if name == "*" else name
    before = fields.get(name)
    return {
        **fields,
        name: with_value(before if isinstance(before, dict) else {}, inner, value) if inner else value,
    }


def manifest_with(name: str, value: str) -> str:
    """Return the smallest manifest with a value for a field."""
    path = name.split(".")
    fields = {"type": "Load Balanced Web Service", "image": BASES["image"], path[0]: BASES.get(path[0], {})}
    if path[0] == "nlb":
        fields["http"] = False
    if name.startswith("image.build"):
        fields["image"] = {"port": 80}
    if name == "http.targetContainer":
        fields["sidecars"] = BASES["sidecars"]
    return json.dumps(with_value(fields, path, "VALUE")).replace('"VALUE"', value)


def test_every_field_with_keys_has_an_example() -> None:
    assert sorted([*SIMPLE, *CONVERTED]) == sorted(field.name for field in WORKLOAD if field.keys)


@pytest.mark.parametrize("name", SIMPLE)
def test_a_field_is_converted_to_its_key(tmp_path: Path, name: str) -> None:
    value, expected = SIMPLE[name]
    config, _ = convert(app(tmp_path, web=manifest_with(name, value)))

    key = next(field.keys for field in WORKLOAD if field.name == name).strip("`").replace("*", "x")
    assert at(config, key) == expected


@pytest.mark.parametrize("name", CONVERTED)
def test_a_manifest_is_converted_to_its_keys(tmp_path: Path, name: str) -> None:
    fields, expected = CONVERTED[name]
    base = "" if "type: " in fields else f"{WEB}http: false\n" if name.startswith("nlb") else WEB
    config, _ = convert(app(tmp_path, web=f"{base}{fields}\n"))

    assert {path: at(config, path) for path in expected} == expected


@pytest.mark.parametrize("name", [field.name for field in WORKLOAD if not field.keys])
def test_a_field_without_keys_is_reported(tmp_path: Path, name: str) -> None:
    _, notes = convert(app(tmp_path, web=manifest_with(name, "text")))

    first, _, last = name.rpartition(".*.")
    assert [note for note in notes if note.startswith("web ") and last in note and first in note], notes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((field.name, "[[a]]") for field in WORKLOAD if field.reader not in ("", "skip")),
        *((name, "text") for name in ("variables", "secrets", "memory", "count")),
    ],
)
def test_a_value_that_cannot_be_read_is_reported(tmp_path: Path, name: str, value: str) -> None:
    """A lost value would show only after the deployment."""
    _, notes = convert(app(tmp_path, web=manifest_with(name, value)))

    fields = (name.replace("*", "x"), name.rpartition(".")[0].replace("*", "x"))
    assert any(note.startswith(f"web {field}: ") for note in notes for field in fields), notes
