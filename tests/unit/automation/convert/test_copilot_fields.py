"""Every field of the table: what is read becomes its keys, and what has none is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.copilot_fields import WORKLOAD
from tests.unit.automation.convert.copilot_app import app, convert, settings_of

BACKEND = "type: Backend Service\nimage: {location: node:24, port: 8080}\n"
JOB = "type: Scheduled Job\nimage: {location: node:24}\n"
WEB = "type: Load Balanced Web Service\nimage: {location: node:24, port: 8080}\n"
BUILT = "type: Load Balanced Web Service\n"
SPOT = {"capacity-provider": "FARGATE_SPOT", "weight": 1}
TCP = f"{WEB}http: false\n"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf"
FILES = f"{WEB}storage: {{volumes: {{up: {{path: /up, %s}}}}}}\n"
SIDE = f"{WEB}sidecars: {{nginx: {{image: 'nginx:1', %s}}}}\n"
LOGS = f"{WEB}logging: {{%s}}\n"
BASE = {"read-only-root-filesystem": False, "drop-capabilities": []}

READ: dict[str, tuple[str, dict[str, Any]]] = {
    "name": (WEB, {"name": "web"}),
    "type": (BACKEND, {"exposure": "none"}),
    "environments": (f"{WEB}cpu: 256\nenvironments: {{test: {{cpu: 512, memory: 1024}}}}\n", {"cpu": 512}),
    "image.build": (
        f"{BUILT}image: {{build: api/Dockerfile, port: 80}}\n",
        {"app-path": "api", "dockerfile": None, "container-port": 80},
    ),
    "image.build.context": (
        f"{BUILT}image: {{build: {{context: web}}, port: 80}}\n",
        {"app-path": "web", "dockerfile": None},
    ),
    "image.build.dockerfile": (
        f"{BUILT}image: {{build: {{dockerfile: docker/Web, context: .}}, port: 80}}\n",
        {"app-path": ".", "dockerfile": "docker/Web"},
    ),
    "image.build.target": (
        f"{BUILT}image: {{build: {{dockerfile: Dockerfile, target: prod}}, port: 80}}\n",
        {"app-path": ".", "build-target": "prod"},
    ),
    "image.build.args": (
        (
            f"{BUILT}image: {{build: {{dockerfile: Dockerfile, args: {{A: 1.20, B: 0420, C: yes}}}}, port:"
            " 80}\n"
        ),
        {"build-args": {"A": "1.20", "B": "0420", "C": "yes"}},
    ),
    "image.location": (WEB, {"image": "node:24"}),
    "image.credentials": (
        (
            f"type: Backend Service\nimage: {{location: 'ghcr.io/a/b@sha256:{'0' * 64}', credentials:"
            f" '{ARN}'}}\n"
        ),
        {"registry-credentials": ARN},
    ),
    "image.port": (WEB, {"container-port": 8080}),
    "image.depends_on": (
        (
            "type: Backend Service\nimage: {location: node:24, depends_on: {nginx: START}}\n"
            "sidecars: {nginx: {image: nginx:1}}\n"
        ),
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
    "entrypoint": (f"{WEB}entrypoint: [sh, -c]\n", {"entrypoint": ["sh", "-c"]}),
    "command": (f'{WEB}command: node server.js "a b"\n', {"command": ["node", "server.js", "a b"]}),
    "cpu": (f"{WEB}cpu: 1024\nmemory: 2048\n", {"cpu": 1024}),
    "memory": (f"{WEB}memory: 1024\n", {"memory": 1024}),
    "platform": (f"{WEB}platform: linux/arm64\n", {"architecture": "arm64"}),
    "count": (f"{WEB}count: 0\n", {"desired-count": 0}),
    "count.range": (
        f"{WEB}count: {{range: 2-10, cpu_percentage: 70}}\n",
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
        f"{WEB}count: {{range: {{min: 1, max: 9, spot_from: 3}}, cpu_percentage: 70}}\n",
        {"capacity-provider-strategy": [SPOT, {"capacity-provider": "FARGATE", "weight": 0, "base": 2}]},
    ),
    "count.spot": (
        f"{WEB}count: {{spot: 3}}\n",
        {"desired-count": 3, "capacity-provider-strategy": [SPOT], "autoscaling": None},
    ),
    "count.cpu_percentage": (
        f"{WEB}count: {{range: 1-2, cpu_percentage: {{value: 55, cooldown: {{in: 1m}}}}}}\n",
        {"autoscaling.cpu-percent": 55, "autoscaling.scale-in-seconds": 60},
    ),
    "count.memory_percentage": (
        f"{WEB}count: {{range: 1-2, memory_percentage: 80}}\n",
        {"autoscaling.memory-percent": 80, "autoscaling.cpu-percent": 0},
    ),
    "count.requests": (
        f"{WEB}count: {{range: 1-2, requests: 1000}}\n",
        {"autoscaling.requests-per-target": 1000},
    ),
    "count.cooldown": (
        f"{WEB}count: {{range: 1-2, requests: 9, cooldown: {{in: 30s, out: 90s}}}}\n",
        {"autoscaling.scale-in-seconds": 30, "autoscaling.scale-out-seconds": 90},
    ),
    "count.*.cooldown": (
        (
            f"{WEB}count: {{range: 1-2, requests: {{value: 9, cooldown: {{out: 5m}}}}, cooldown: {{out:"
            " 90s}}\n"
        ),
        {"autoscaling.scale-out-seconds": 300},
    ),
    "exec": (f"{WEB}exec: yes\n", {"execute-command": True}),
    "variables": (
        f"{WEB}variables: {{A: 1.20, B: 0420, C: 12:30:00, D: on, E: '', F: 1e3}}\n",
        {"environment": {"A": "1.20", "B": "0420", "C": "12:30:00", "D": "on", "E": "", "F": "1e3"}},
    ),
    "env_file": (f"{WEB}env_file: web.env\n", {"environment-files": ["web.env"]}),
    "secrets": (
        (
            f"{WEB}secrets:\n"
            "  A: /copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/A\n"
            f"  B: GITHUB\n  C: shop/key\n  D: '{ARN}:key::'\n"
        ),
        {
            "secrets": {
                "A": "/copilot/shop/test/secrets/A",
                "B": "ssm:GITHUB",
                "C": "/shop/key",
                "D": f"{ARN}:key::",
            }
        },
    ),
    "secrets.*.secretsmanager": (
        f"{WEB}secrets: {{A: {{secretsmanager: 'shop/db:password::'}}}}\n",
        {"secrets": {"A": "secret:shop/db:password::"}},
    ),
    "http.path": (f"{WEB}http: {{path: api}}\n", {"paths": ["/api", "/api/*"]}),
    "http.alias": (
        f"{WEB}http: {{path: /, alias: [example.com, www.example.com]}}\n",
        {"domain": "example.com", "zone": "example.com", "aliases": ["www.example.com"]},
    ),
    "http.hosted_zone": (
        f"{WEB}http: {{path: /, alias: a.example.com, hosted_zone: Z0123456789}}\n",
        {"domain": "a.example.com", "hosted-zone-id": "Z0123456789"},
    ),
    "http.healthcheck": (f"{WEB}http: {{path: /, healthcheck: /ok}}\n", {"health-check-path": "/ok"}),
    "http.healthcheck.path": (
        f"{WEB}http: {{path: /, healthcheck: {{path: ok}}}}\n",
        {"health-check-path": "/ok"},
    ),
    "http.healthcheck.port": (
        f"{WEB}http: {{path: /, healthcheck: {{port: 9000}}}}\n",
        {"health-check-port": 9000},
    ),
    "http.healthcheck.success_codes": (
        f"{WEB}http: {{path: /, healthcheck: {{success_codes: '200, 301-399'}}}}\n",
        {"health-check-codes": "200,301-399"},
    ),
    "http.healthcheck.healthy_threshold": (
        f"{WEB}http: {{path: /, healthcheck: {{healthy_threshold: 4}}}}\n",
        {"healthy-threshold": 4},
    ),
    "http.healthcheck.unhealthy_threshold": (
        f"{WEB}http: {{path: /, healthcheck: {{unhealthy_threshold: 4}}}}\n",
        {"unhealthy-threshold": 4},
    ),
    "http.healthcheck.interval": (
        f"{WEB}http: {{path: /, healthcheck: {{interval: 15s}}}}\n",
        {"health-check-interval-seconds": 15},
    ),
    "http.healthcheck.timeout": (
        f"{WEB}http: {{path: /, healthcheck: {{timeout: 8s}}}}\n",
        {"health-check-timeout-seconds": 8},
    ),
    "http.healthcheck.grace_period": (
        f"{WEB}http: {{path: /, healthcheck: {{grace_period: 2m}}}}\n",
        {"health-check-grace-period-seconds": 120},
    ),
    "http.deregistration_delay": (
        f"{WEB}http: {{path: /, deregistration_delay: 5s}}\n",
        {"deregistration-delay-seconds": 5},
    ),
    "http.stickiness": (f"{WEB}http: {{path: /, stickiness: true}}\n", {"sticky-seconds": 86400}),
    "http.version": (
        f"{WEB}http: {{path: /, version: gRPC, alias: a.example.com}}\n",
        {"protocol-version": "grpc"},
    ),
    "http.target_container": (
        (
            f"{WEB}http: {{path: /, target_container: nginx}}\nsidecars: {{nginx: {{image: nginx:1, port:"
            " 81}}\n"
        ),
        {"ingress-container": "nginx", "sidecars.nginx.port": 81},
    ),
    "http.targetContainer": (
        (
            f"{WEB}http: {{path: /, targetContainer: nginx}}\nsidecars: {{nginx: {{image: nginx:1, port:"
            " 81}}\n"
        ),
        {"ingress-container": "nginx"},
    ),
    "http.target_port": (
        (
            f"{WEB}http: {{path: /, target_container: nginx, target_port: 83}}\nsidecars: {{nginx: {{image:"
            " nginx:1}}\n"
        ),
        {"sidecars.nginx.port": 83},
    ),
    "http.allowed_source_ips": (
        f"{WEB}http: {{path: /, allowed_source_ips: [192.0.2.0/24, 198.51.100.1]}}\n",
        {"allowed-cidrs": ["192.0.2.0/24", "198.51.100.1/32"]},
    ),
    "http.additional_rules": (
        f"{WEB}http: {{path: a, additional_rules: [{{path: b}}]}}\n",
        {"paths": ["/a", "/a/*", "/b", "/b/*"]},
    ),
    "nlb.port": (
        f"{TCP}nlb: {{port: 443/tls, alias: a.example.com}}\n",
        {"exposure": "tcp", "listener-port": 443, "listener-protocol": "tls"},
    ),
    "nlb.target_port": (f"{TCP}nlb: {{port: 80, target_port: 8081}}\n", {"container-port": 8081}),
    "nlb.target_container": (
        f"{TCP}nlb: {{port: 80, target_container: nginx}}\nsidecars: {{nginx: {{image: nginx:1}}}}\n",
        {"ingress-container": "nginx", "sidecars.nginx.port": 80},
    ),
    "nlb.alias": (f"{TCP}nlb: {{port: 80, alias: a.example.com}}\n", {"domain": "a.example.com"}),
    "nlb.healthcheck.port": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{port: 9000}}}}\n",
        {"health-check-port": 9000},
    ),
    "nlb.healthcheck.healthy_threshold": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{healthy_threshold: 5}}}}\n",
        {"healthy-threshold": 5},
    ),
    "nlb.healthcheck.unhealthy_threshold": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{unhealthy_threshold: 5}}}}\n",
        {"unhealthy-threshold": 5},
    ),
    "nlb.healthcheck.interval": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{interval: 30s}}}}\n",
        {"health-check-interval-seconds": 30},
    ),
    "nlb.healthcheck.timeout": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{timeout: 8s}}}}\n",
        {"health-check-timeout-seconds": 8},
    ),
    "nlb.healthcheck.grace_period": (
        f"{TCP}nlb: {{port: 80, healthcheck: {{grace_period: 8s}}}}\n",
        {"health-check-grace-period-seconds": 8},
    ),
    "nlb.deregistration_delay": (
        f"{TCP}nlb: {{port: 80, deregistration_delay: 8s}}\n",
        {"deregistration-delay-seconds": 8},
    ),
    "network.connect": (
        f"{BACKEND}network: {{connect: true}}\n",
        {"connect": {"enabled": True, "protocol": "tcp"}},
    ),
    "network.connect.alias": (
        f"{BACKEND}network: {{connect: {{alias: api.shop}}}}\n",
        {"connect.alias": "api.shop"},
    ),
    "network.vpc.placement": (f"{WEB}network: {{vpc: {{placement: private}}}}\n", {"nat": "one-per-az"}),
    "network.vpc.security_groups": (
        f"{WEB}network: {{vpc: {{security_groups: [sg-01234567]}}}}\n",
        {"security-group-ids": ["sg-01234567"]},
    ),
    "network.vpc.security_groups.groups": (
        f"{WEB}network: {{vpc: {{security_groups: {{groups: [sg-01234567]}}}}}}\n",
        {"security-group-ids": ["sg-01234567"]},
    ),
    "storage.ephemeral": (f"{WEB}storage: {{ephemeral: 100}}\n", {"ephemeral-storage-gib": 100}),
    "storage.readonly_fs": (f"{WEB}storage: {{readonly_fs: true}}\n", {"tmpfs": None}),
    "storage.volumes": (
        FILES % "read_only: false",
        {"volumes": {"up": {"path": "/up"}}},
    ),
    "storage.volumes.*.efs": (
        FILES % "efs: true",
        {"volumes.up": {"path": "/up", "read-only": True, "efs": {}}},
    ),
    "storage.volumes.*.efs.id": (
        (FILES % "efs: {id: fs-01234567}") + "variables: {X: 1}\n",
        {"volumes.up.efs.file-system-id": "fs-01234567"},
    ),
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
    "sidecars.*.image": (SIDE % "essential: true", {"sidecars.nginx.image": "nginx:1"}),
    "sidecars.*.port": (SIDE % "port: 9000/udp", {"sidecars.nginx.port": 9000}),
    "sidecars.*.essential": (SIDE % "essential: false", {"sidecars.nginx.essential": False}),
    "sidecars.*.credentialsParameter": (
        SIDE % f"credentialsParameter: '{ARN}'",
        {"sidecars.nginx.registry-credentials": ARN},
    ),
    "sidecars.*.variables": (SIDE % "variables: {A: 1}", {"sidecars.nginx.environment": {"A": "1"}}),
    "sidecars.*.secrets": (SIDE % "secrets: {A: /a}", {"sidecars.nginx.secrets": {"A": "/a"}}),
    "sidecars.*.env_file": (SIDE % "env_file: web.env", {"sidecars.nginx.environment-files": ["web.env"]}),
    "sidecars.*.mount_points": (
        (SIDE % "mount_points: [{source_volume: myCache, path: /c}]")
        + "storage: {volumes: {myCache: {path: /c, read_only: false}}}\n",
        {"volumes": {"my-cache": {"path": "/c"}}, "sidecars.nginx.volumes": {"my-cache": "/c"}},
    ),
    "sidecars.*.depends_on": (
        f"{WEB}sidecars: {{a: {{image: nginx:1, depends_on: {{b: start}}}}, b: {{image: nginx:1}}}}\n",
        {"sidecars.a.depends-on": {"b": "start"}},
    ),
    "sidecars.*.entrypoint": (SIDE % "entrypoint: sh -c", {"sidecars.nginx.entrypoint": ["sh", "-c"]}),
    "sidecars.*.command": (SIDE % "command: [ps]", {"sidecars.nginx.command": ["ps"]}),
    "sidecars.*.healthcheck.command": (
        SIDE % "healthcheck: {command: [CMD, ok]}",
        {"sidecars.nginx.health-check-command": ["CMD", "ok"]},
    ),
    "logging.retention": (LOGS % "retention: 7", {"log-retention-days": 7}),
    "logging.destination": (
        LOGS % "destination: {Name: cloudwatch, region: eu-west-1}",
        {
            "log-options": {"Name": "cloudwatch", "region": "eu-west-1"},
            "sidecars.log-router.log-router": True,
        },
    ),
    "logging.image": (
        LOGS % "image: 'fluent/fluent-bit:4'",
        {"sidecars.log-router.image": "fluent/fluent-bit:4"},
    ),
    "logging.enableMetadata": (
        LOGS % "enableMetadata: false",
        {"sidecars.log-router.log-router": {"ecs-metadata": False}},
    ),
    "logging.configFilePath": (
        LOGS % "configFilePath: /extra.conf",
        {"sidecars.log-router.log-router": {"config-file": "/extra.conf"}},
    ),
    "logging.variables": (LOGS % "variables: {A: 1}", {"sidecars.log-router.environment": {"A": "1"}}),
    "logging.secrets": (LOGS % "secrets: {A: /a}", {"sidecars.log-router.secrets": {"A": "/a"}}),
    "logging.env_file": (LOGS % "env_file: web.env", {"sidecars.log-router.environment-files": ["web.env"]}),
    "deployment.rolling": (
        f"{WEB}deployment: {{rolling: recreate}}\n",
        {"deployment-minimum-healthy-percent": 0, "deployment-maximum-percent": 101},
    ),
    "deployment.rollback_alarms": (
        f"{WEB}deployment: {{rollback_alarms: [slow]}}\n",
        {"alarms": {"extra": ["slow"]}},
    ),
    "observability.tracing": (f"{WEB}observability: {{tracing: awsxray}}\n", {"opentelemetry": True}),
    "on.schedule": (
        f"{JOB}on: {{schedule: 0 9 * * 1-5}}\n",
        {"desired-count": 0, "exposure": "none", "schedules": {"web": {"cron": "0 9 ? * 2-6 *"}}},
    ),
    "taskdef_overrides": (
        (
            f"{WEB}taskdef_overrides:\n  - {{path: 'ContainerDefinitions[0].Ulimits[-]', value: {{Name:"
            " nofile, SoftLimit: 9, HardLimit: 9}}\n  - {path: 'ContainerDefinitions[0].StopTimeout',"
            " value: 90}\n  - {path: 'ContainerDefinitions[0].User', value: '1500'}\n"
        ),
        {"ulimits": {"nofile": 9}, "stop-timeout-seconds": 90, "user": "1500"},
    ),
}
"""A manifest with each field, and the keys that it becomes; None is one that is not written."""

REPORTED: dict[str, str] = {
    "image.build.cache_from": (
        f"{BUILT}image: {{build: {{dockerfile: Dockerfile, cache_from: [a]}}, port: 80}}\n"
    ),
    "image.healthcheck.interval": (
        "type: Backend Service\nimage: {location: node:24, healthcheck: {interval: 5s}}\n"
    ),
    "image.healthcheck.timeout": (
        "type: Backend Service\nimage: {location: node:24, healthcheck: {timeout: 5s}}\n"
    ),
    "image.healthcheck.retries": (
        "type: Backend Service\nimage: {location: node:24, healthcheck: {retries: 5}}\n"
    ),
    "image.labels": "type: Backend Service\nimage: {location: node:24, labels: {a: b}}\n",
    "count.response_time": f"{WEB}count: {{range: 1-2, response_time: 2s}}\n",
    "count.queue_delay": f"{WEB}count: {{range: 1-2, queue_delay: {{acceptable_latency: 2s}}}}\n",
    "variables.*.from_cfn": f"{WEB}variables: {{A: {{from_cfn: export}}}}\n",
    "secrets.*.from_cfn": f"{WEB}secrets: {{A: {{from_cfn: export}}}}\n",
    "http.redirect_to_https": f"{WEB}http: {{path: /, redirect_to_https: false}}\n",
    "http.alb": f"{WEB}http: {{path: /, alb: shared}}\n",
    "nlb.ssl_policy": f"{TCP}nlb: {{port: 80, ssl_policy: x}}\n",
    "nlb.stickiness": f"{TCP}nlb: {{port: 80, stickiness: true}}\n",
    "nlb.additional_listeners": f"{TCP}nlb: {{port: 80, additional_listeners: [{{port: 81}}]}}\n",
    "network.vpc.placement.subnets": f"{WEB}network: {{vpc: {{placement: {{subnets: [subnet-1]}}}}}}\n",
    "network.vpc.security_groups.deny_default": (
        f"{WEB}network: {{vpc: {{security_groups: {{deny_default: true}}}}}}\n"
    ),
    "storage.volumes.*.efs.auth.iam": FILES % "efs: {id: fs-01234567, auth: {iam: false}}",
    "storage.volumes.*.efs.root_dir": FILES % "efs: {id: fs-01234567, root_dir: /a}",
    "sidecars.*.image.build": f"{WEB}sidecars: {{nginx: {{image: {{build: nginx/Dockerfile}}}}}}\n",
    "sidecars.*.healthcheck": SIDE % "healthcheck: {command: [CMD, ok], retries: 9}",
    "sidecars.*.labels": SIDE % "labels: {a: b}",
    "logging.secretOptions": LOGS % "secretOptions: {A: /a}",
    "retries": f"{JOB}on: {{schedule: '@daily'}}\nretries: 3\n",
    "timeout": f"{JOB}on: {{schedule: '@daily'}}\ntimeout: 1h\n",
    "publish": f"{BACKEND}publish: {{topics: [{{name: a}}]}}\n",
    "subscribe": (
        "type: Worker Service\nimage: {location: node:24}\nsubscribe: {topics: [{name: a, service: b}]}\n"
    ),
}
"""A manifest with each field that has no counterpart."""


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


def test_every_field_of_the_table_has_an_example() -> None:
    assert sorted([*READ, *REPORTED]) == sorted(field.name for field in WORKLOAD)
    assert sorted(REPORTED) == sorted(field.name for field in WORKLOAD if not field.keys)


@pytest.mark.parametrize("name", READ)
def test_a_field_becomes_its_keys(tmp_path: Path, name: str) -> None:
    manifest, expected = READ[name]
    config, _ = convert(app(tmp_path, web=manifest))

    found = {path: config.get(path, at(config, path)) for path in expected}
    assert found == expected


@pytest.mark.parametrize("name", REPORTED)
def test_a_field_without_a_counterpart_is_reported(tmp_path: Path, name: str) -> None:
    _, notes = convert(app(tmp_path, web=REPORTED[name]))

    first, _, last = name.rpartition(".*.")
    said = [note for note in notes if note.startswith("web ") and last in note and first in note]
    assert said, notes


@pytest.mark.parametrize("manifest", [*(text for text, _ in READ.values()), *REPORTED.values()])
def test_what_is_written_is_accepted(tmp_path: Path, manifest: str) -> None:
    config, _ = convert(app(tmp_path, web=manifest))

    assert settings_of(config).main.name == "web"
