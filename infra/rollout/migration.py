"""Migrations: a command that runs once with each new image, before the service is updated."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import last_log_lines, why_stopped
from infra.rollout.run_task import RunTaskError, exit_code_of, placement_of, start_task, wait_until_stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.rollout.aws_clients import Clients
    from infra.settings import Migration

_EMPTY: Final = "none"
"""A parameter cannot be empty."""
_KEPT: Final = 100
"""A parameter has at most 4096 characters."""
_OWN_VARIABLES: Final = frozenset({"SERVICE_NAME", "PORT", "OTEL_SERVICE_NAME"})
"""Variables that differ between services with the same database."""


class MigrationError(Exception):
    """A migration failed; the service was not changed."""


class Migrations:
    """Runs the migrations of a stack one at a time: copies of a service may share a database."""

    def __init__(self, clients: Clients, clock: Clock = REAL) -> None:
        self._clients = clients
        self._clock = clock
        self._lock = asyncio.Lock()
        self._succeeded: set[str] = set()

    def hook(
        self, name: str, migration: Migration, *, parent: pulumi.Resource
    ) -> tuple[pulumi.ResourceHook, pulumi.Resource]:
        """Return a hook that runs a migration before its service changes, and the record of its successes.

        The service must depend on the record.

        Args:
            name: of the service, its container and its log streams.
            migration: the command.
            parent: the service's component.
        """
        # The hook writes it with boto3: a hook cannot change the state, and a failed update keeps no outputs.
        record = aws.ssm.Parameter(
            f"{name}-migrations",
            type="String",
            description=f"Images and commands with which the migration of {name} has succeeded",
            insecure_value=_EMPTY,
            opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["insecureValue"]),
        )

        async def before(args: pulumi.ResourceHookArgs) -> None:
            run = MigrationRun(
                self._clients,
                name,
                migration,
                record=await record.name.future() or "",
                service=args.new_inputs or {},
                clock=self._clock,
            )
            async with self._lock:
                await run.run_once(self._succeeded)

        return pulumi.ResourceHook(f"{name}-migration", before), record


class MigrationRun:
    """The migration of one service. Calls of AWS run on a thread: a hook that blocks blocks the program."""

    def __init__(
        self,
        clients: Clients,
        name: str,
        migration: Migration,
        *,
        record: str,
        service: Mapping[str, Any],
        clock: Clock = REAL,
    ) -> None:
        """Prepare to run.

        Args:
            clients: of the stack's account.
            name: of the service.
            migration: the command.
            record: name of the parameter with past successes.
            service: new inputs of the ECS service: cluster, taskDefinition, and where its tasks run.
            clock: measures time limits.
        """
        self._clients = clients
        self._name = name
        self._migration = migration
        self._record = record
        self._service = service
        self._clock = clock
        self._label = f"its migration `{' '.join(migration.command)}`"

    async def run_once(self, succeeded: set[str]) -> None:
        """Run, unless the migration has succeeded with this image and command before.

        Args:
            succeeded: fingerprints of this update's successes. A service with the same image, command and
                variables as another one need not run its migration again.

        Raises:
            MigrationError: it failed, did not start, or took too long.
        """
        fingerprint, fingerprint_with_variables = await asyncio.to_thread(self._fingerprints)
        if fingerprint in await asyncio.to_thread(self._read_record):
            return
        if fingerprint_with_variables not in succeeded:
            pulumi.log.info(f"{self._name}: {self._label} runs")
            await self._run(fingerprint)
            pulumi.log.info(f"{self._name}: {self._label} succeeded")
            succeeded.add(fingerprint_with_variables)
        await asyncio.to_thread(self._add_to_record, fingerprint)

    async def _run(self, fingerprint: str) -> None:
        ecs, cluster = self._clients.client("ecs"), self._service["cluster"]
        minutes = self._migration.timeout_minutes
        too_long = f"took longer than {minutes} minutes"
        try:
            arn = await start_task(
                ecs,
                self._clock,
                cluster=cluster,
                taskDefinition=self._service["taskDefinition"],
                overrides={
                    "containerOverrides": [{"name": self._name, "command": list(self._migration.command)}]
                },
                startedBy=f"migration/{self._name}/{fingerprint}",
                **placement_of(self._service),
            )
            task = await wait_until_stopped(ecs, cluster, arn, within_seconds=minutes * 60, clock=self._clock)
            if task is None:
                await asyncio.to_thread(ecs.stop_task, cluster=cluster, task=arn, reason=too_long)
        except RunTaskError as error:
            raise self._error(f"could not be run: {error}") from error
        if task is None or exit_code_of(task, self._name) != 0:
            stopped = task or {"taskArn": arn, "taskDefinitionArn": self._service["taskDefinition"]}
            lines = await asyncio.to_thread(last_log_lines, self._clients, [stopped], self._clock)
            reason = f"failed: {why_stopped(task)}" if task else f"{too_long} and was stopped"
            raise self._error(reason, lines)

    def _error(self, reason: str, lines: Sequence[str] = ()) -> MigrationError:
        return MigrationError("\n".join([f"{self._name} was not changed: {self._label} {reason}", *lines]))

    def _fingerprints(self) -> tuple[str, str]:
        """Return fingerprints of image and command, without and with the container's variables."""
        described = self._clients.client("ecs").describe_task_definition(
            taskDefinition=self._service["taskDefinition"]
        )
        containers = described["taskDefinition"]["containerDefinitions"]
        container = next(container for container in containers if container["name"] == self._name)
        variables = sorted(
            (variable["name"], variable["value"])
            for variable in container.get("environment", ())
            if variable["name"] not in _OWN_VARIABLES
        )
        secrets = sorted((secret["name"], secret["valueFrom"]) for secret in container.get("secrets", ()))
        image, command = container["image"], self._migration.command
        return (
            fingerprint_of(image, command),
            fingerprint_of(image + json.dumps([variables, secrets]), command),
        )

    def _read_record(self) -> list[str]:
        value = self._clients.client("ssm").get_parameter(Name=self._record)["Parameter"]["Value"]
        return [] if value == _EMPTY else value.split(",")

    def _add_to_record(self, fingerprint: str) -> None:
        latest = [*self._read_record(), fingerprint][-_KEPT:]
        self._clients.client("ssm").put_parameter(Name=self._record, Value=",".join(latest), Overwrite=True)


def fingerprint_of(image: str, command: Sequence[str]) -> str:
    """Return a short hash of an image together with a command."""
    return hashlib.sha256(json.dumps([image, list(command)]).encode()).hexdigest()[:16]
