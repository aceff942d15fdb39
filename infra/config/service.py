"""Rules for the main service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra.config.alarms import read_alarms
from infra.config.autoscaling import check_count, read_autoscaling
from infra.config.fargate import CPUS, MEMORY_BY_CPU, nearest_memory, sizes_for
from infra.config.faults import CREDENTIALS
from infra.config.migration import read_migration
from infra.config.names import (
    DNS_LABEL,
    DNS_LABEL_FORM,
    ENVIRONMENT_NAME,
    ENVIRONMENT_NAME_FORM,
    LAST_PRIORITY,
    LONGEST_MAIN_NAME,
)
from infra.config.rollout import read_rollout
from infra.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.config.faults import Faults
    from infra.config.record import Record
    from infra.settings import Architecture

_SET_BY_TASK_DEFINITION: Final = frozenset(
    {"PORT", "ENVIRONMENT", "SERVICE_NAME", "IMAGE_VERSION", "IDLE_TIMEOUT_SECONDS", "STOP_TIMEOUT_SECONDS"},
)
# Security Hub's control ECS.8, and the token that goes with a temporary key.

_USER_NAME: Final = r"(?:[a-z_][a-z0-9_-]*|[0-9]+)"
_USER: Final = re.compile(rf"(?!(?:root|0+)(?::|$)){_USER_NAME}(?::{_USER_NAME})?")

_SECRET_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:(?:"
    r"secretsmanager:[a-z0-9-]+:\d{12}:secret:[^\s:]+(?::[^\s:]*:[^\s:]*:[^\s:]*)?"
    r"|ssm:[a-z0-9-]+:\d{12}:parameter/\S+)",
)
_ARN_FORM: Final = (
    "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:…:secret:…) or of an SSM parameter "
    "(arn:aws:ssm:…:parameter/…), never the secret itself"
)

_STATEMENT_FIELDS: Final = ("actions", "resources")
_ACTION: Final = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE: Final = re.compile(r"\*|arn:aws[a-z-]*:[a-z0-9-]+:[^\s:]*:[^\s:]*:\S+")
_EVERY_RESOURCE: Final = re.compile(r"\*|(?:[^:]*:){5}\*")

# The path and query of a URL; a fragment never leaves the browser.
_PATH: Final = re.compile(r"/[!-\"$-~]{0,1023}")
_HEALTH_CHECK_COMMANDS: Final = ("CMD", "CMD-SHELL")

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def read_main_service(config: Record, *, architecture: Architecture, domain: str | None) -> ServiceSettings:
    """Read the stack's own service."""
    faults = config.faults
    cpu = config.whole_of("cpu", CPUS)
    memory = config.whole("memory", 1)
    if not faults.found_at("cpu", "memory"):
        check_size(faults, "memory", memory, cpu=cpu, memory=memory)
    environment = read_environment(config)
    secrets = _read_secrets(config)
    check_shared_names(faults, "environment", environment, secrets)
    desired_count = config.whole("desired-count", 0)
    autoscaling = read_autoscaling(config)
    check_count(faults, "desired-count", desired_count, autoscaling)
    return ServiceSettings(
        name=_read_name(config),
        host=domain,
        path_prefix=None,
        priority=LAST_PRIORITY,
        image=None,
        architecture=architecture,
        cpu=cpu,
        memory=memory,
        desired_count=desired_count,
        container_port=config.whole("container-port", 1024, 65535),
        user=config.text(
            "user",
            allowed="a name or uid, with :group if need be, that is not root and not 0",
            pattern=_USER,
        ),
        command=config.texts("command", allowed="text that is not empty"),
        environment=environment,
        secrets=secrets,
        execute_command=config.flag("execute-command"),
        task_role_statements=_read_statements(config),
        health_check_path=config.text(
            "health-check-path",
            allowed="a path that begins with /, without spaces and #, at most 1024 characters",
            pattern=_PATH,
        ),
        health_check_interval_seconds=config.whole("health-check-interval-seconds", 5, 300),
        health_check_command=_read_health_check_command(config),
        health_check_grace_period_seconds=config.whole("health-check-grace-period-seconds", 0, 2**31 - 1),
        deregistration_delay_seconds=config.whole("deregistration-delay-seconds", 0, 3600),
        stop_timeout_seconds=config.whole("stop-timeout-seconds", 2, 120),
        deployment_minimum_healthy_percent=config.whole("deployment-minimum-healthy-percent", 0, 100),
        # With 100, ECS refuses to balance tasks between zones.
        deployment_maximum_percent=config.whole("deployment-maximum-percent", 101, 400),
        rollout=read_rollout(config),
        alarms=read_alarms(config),
        autoscaling=autoscaling,
        migration=read_migration(config),
        rollout_timeout_minutes=config.whole("rollout-timeout-minutes", 1, 1440),
        log_retention_days=config.whole_of("log-retention-days", _RETENTIONS),
    )


def check_size(faults: Faults, key: str, value: int, *, cpu: int, memory: int) -> None:
    """Refuse a pair that Fargate does not have, at the key that brought it about."""
    if memory not in MEMORY_BY_CPU[cpu]:
        faults.add(
            key,
            value,
            f"cpu {cpu} and memory {memory} are no Fargate size; with cpu {cpu} memory is {sizes_for(cpu)}, "
            f"the nearest is {nearest_memory(cpu, memory)}",
        )


def read_environment(config: Record) -> dict[str, str]:
    """Read environment variables, without those that are not the configuration's to set."""
    environment = config.strings("environment", pattern=ENVIRONMENT_NAME, named=ENVIRONMENT_NAME_FORM)
    for name, value in environment.items():
        where = config.key(f"environment.{name}")
        if name in _SET_BY_TASK_DEFINITION:
            config.faults.add(where, value, "another name; the task definition sets this one itself")
        elif name in CREDENTIALS:
            config.faults.add(
                where,
                value,
                "no credentials, the app gets its own from the task role: see `task-role-statements`",
            )
    return environment


def check_shared_names(
    faults: Faults,
    key: str,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
) -> None:
    """Refuse a variable that `secrets` sets too: ECS does not take both."""
    for name in filter(secrets.__contains__, environment):
        faults.add(
            f"{key}.{name}", environment[name], "another name, or none in `secrets`, which sets it too"
        )


def check_room_to_roll(faults: Faults, services: Iterable[ServiceSettings]) -> None:
    """Refuse percentages with which a deployment could neither stop an old task nor start a new one.

    ECS rounds the minimum up and the maximum down:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    if faults.found_at("deployment-minimum-healthy-percent", "deployment-maximum-percent", "autoscaling"):
        return
    stuck = [
        (count, service)
        for service in services
        for count in _counts(service)
        if not _can_roll(count, service)
    ]
    if not stuck:
        return
    count, worst = min(stuck, key=lambda pair: pair[0])
    faults.add(
        "deployment-maximum-percent",
        worst.deployment_maximum_percent,
        f"{-(-100 * (count + 1) // count)} or more, or a lower "
        f"`deployment-minimum-healthy-percent`: with a minimum of {worst.deployment_minimum_healthy_percent} "
        f"and a desired count of {count} a deployment of {worst.name} could neither stop "
        "an old task nor start a new one",
    )


def _counts(service: ServiceSettings) -> Iterable[int]:
    """Return the desired counts that the service may have when it is deployed."""
    scaling = service.autoscaling
    if scaling is None:
        return [service.desired_count]
    lowest = min([scaling.min_count, *(action.min_count for action in scaling.schedule)])
    return range(lowest, scaling.max_count + 1)


def _can_roll(count: int, service: ServiceSettings) -> bool:
    fewest = -(-count * service.deployment_minimum_healthy_percent // 100)
    most = count * service.deployment_maximum_percent // 100
    return count == 0 or fewest < count or most > count


def _read_name(config: Record) -> str:
    allowed = f"at most {LONGEST_MAIN_NAME} characters: {DNS_LABEL_FORM}"
    name = config.text("name", allowed=allowed, pattern=DNS_LABEL)
    if len(name) > LONGEST_MAIN_NAME:
        config.faults.add("name", name, f"at most {LONGEST_MAIN_NAME} characters, it has {len(name)}")
    return name


def _read_secrets(config: Record) -> dict[str, str]:
    secrets = config.strings("secrets", pattern=ENVIRONMENT_NAME, named=ENVIRONMENT_NAME_FORM)
    for name, arn in secrets.items():
        where = f"secrets.{name}"
        if not _SECRET_ARN.fullmatch(arn):
            config.faults.add(where, arn, _ARN_FORM)
        if name in _SET_BY_TASK_DEFINITION:
            config.faults.add(where, arn, "another name; the task definition sets this one itself")
    return secrets


def _read_statements(config: Record) -> tuple[Mapping[str, object], ...]:
    statements: list[Mapping[str, object]] = []
    for entry in config.records("task-role-statements", _STATEMENT_FIELDS):
        actions = entry.texts(
            "actions",
            allowed="an action such as s3:GetObject; `*` alone is more than any app needs",
            pattern=_ACTION,
        )
        resources = entry.texts("resources", allowed="an ARN, or `*`", pattern=_RESOURCE)
        for field, values in (("actions", actions), ("resources", resources)):
            if not values and not entry.faults.found_at(entry.key(field)):
                entry.faults.add(entry.key(field), values, "at least one")
        whole_services = [action for action in actions if action.endswith(":*")]
        everything = [resource for resource in resources if _EVERY_RESOURCE.fullmatch(resource)]
        if whole_services and everything:
            entry.faults.add(
                entry.key("resources"),
                everything[0],
                f"what the app needs, or single actions: {whole_services[0]} on everything is too much",
            )
        statements.append({"actions": list(actions), "resources": list(resources)})
    return tuple(statements)


def _read_health_check_command(config: Record) -> tuple[str, ...]:
    key = "health-check-command"
    command = config.texts(key, allowed="text that is not empty")
    if (
        not config.faults.found_at(key)
        and command
        and (command[0] not in _HEALTH_CHECK_COMMANDS or len(command) == 1)
    ):
        config.faults.add(key, command, "CMD or CMD-SHELL and then the command itself; or [] for none")
    return command
