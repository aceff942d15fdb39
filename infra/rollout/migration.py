"""The gate before: what has to run once with a new image, before the service changes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import last_lines, why_stopped
from infra.rollout.look import task_id
from infra.rollout.one_off import OneOff, OneOffError, OneOffs, exit_code_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.rollout.clients import Clients
    from infra.settings import Migration

_NOTHING_YET: Final = "none"
_REMEMBERED: Final = 100
"""A parameter holds 4096 characters."""


class MigrationError(Exception):
    """A migration did not do what it should; the service was not touched."""


@dataclass(frozen=True)
class Gate:
    """What a service needs to wait for its migration."""

    hooks: pulumi.ResourceHookBinding
    triggers: Mapping[str, str]
    """Changes the service when the command changes, for hooks run only for what changes."""
    record: pulumi.Resource


class Migrations:
    """Runs the migrations of a stack, one at a time: copies of a service may share a database."""

    def __init__(self, clients: Clients, clock: Clock = REAL) -> None:
        self._clients = clients
        self._clock = clock
        self._turn = asyncio.Lock()

    def gate(self, name: str, migration: Migration, *, parent: pulumi.Resource) -> Gate:
        """Return what holds a service back until its migration has succeeded for the image that it gets.

        Args:
            name: the service's, its container's and its log streams'.
            migration: what runs.
            parent: the service's component.
        """
        # Written by the hook: the state cannot be, and a failed update keeps no outputs.
        record = aws.ssm.Parameter(
            f"{name}-migrations",
            type="String",
            description=f"Images and commands with which the migration of {name} has succeeded",
            insecure_value=_NOTHING_YET,
            opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["insecureValue"]),
        )

        async def before(args: pulumi.ResourceHookArgs) -> None:
            run = Run(
                self._clients,
                name,
                migration,
                record=await record.name.future() or "",
                service=args.new_inputs or {},
                clock=self._clock,
            )
            async with self._turn:
                await run.once()

        hook = pulumi.ResourceHook(f"{name}-migration", before)
        return Gate(
            hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
            triggers={"migration": json.dumps(migration.command)},
            record=record,
        )


class Run:
    """One migration of one service. Every call of AWS is made on a thread: a hook that blocks blocks all."""

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
            clients: the account.
            name: the service's.
            migration: what runs.
            record: name of the parameter that holds what has succeeded.
            service: the ECS service as it shall become: cluster, taskDefinition, networkConfiguration.
            clock: what the time limit is measured by.
        """
        self._ecs = clients.get("ecs")
        self._tasks = OneOffs(self._ecs, clock)
        self._logs = clients.get("logs")
        self._ssm = clients.get("ssm")
        self._name = name
        self._migration = migration
        self._record = record
        self._service = service
        self._clock = clock

    async def once(self) -> None:
        """Run, unless it has succeeded before with this image and this command.

        Raises:
            MigrationError: it failed, did not start, or took too long.
        """
        container = await asyncio.to_thread(self._container)
        pair = fingerprint(container["image"], self._migration.command)
        if pair in await asyncio.to_thread(self._succeeded):
            return
        self._say("runs")
        arn = await asyncio.to_thread(self._start, pair)
        failure = await self._failure_of(arn)
        if failure is not None:
            logged = await asyncio.to_thread(self._logged, container, arn)
            raise MigrationError(
                "\n".join([f"{self._name} was not changed: {self._what} {failure}", *logged])
            )
        await asyncio.to_thread(self._remember, pair)
        self._say("succeeded")

    async def _failure_of(self, arn: str) -> str | None:
        """Wait for a task's end, and return what went wrong, if anything did."""
        seconds = self._migration.timeout_minutes * 60
        try:
            task = await self._tasks.end_of(self._cluster, arn, within_seconds=seconds)
        except OneOffError as error:
            return f"cannot be followed: {error}"
        if task is None:
            limit = f"took longer than {self._migration.timeout_minutes} minutes"
            await asyncio.to_thread(self._tasks.stop, self._cluster, arn, limit)
            return f"{limit} and was stopped"
        return None if exit_code_of(task, self._name) == 0 else f"failed: {why_stopped(task)}"

    @property
    def _what(self) -> str:
        return f"its migration `{' '.join(self._migration.command)}`"

    def _say(self, how: str) -> None:
        pulumi.log.info(f"{self._name}: {self._what} {how}")

    def _logged(self, container: Mapping[str, Any], arn: str) -> list[str]:
        options = container["logConfiguration"]["options"]
        stream = f"{options['awslogs-stream-prefix']}/{self._name}/{task_id(arn)}"
        return last_lines(self._logs, options["awslogs-group"], stream, self._clock)

    @property
    def _cluster(self) -> str:
        return self._service["cluster"]

    def _container(self) -> Mapping[str, Any]:
        found = self._ecs.describe_task_definition(taskDefinition=self._service["taskDefinition"])
        containers = found["taskDefinition"]["containerDefinitions"]
        return next(one for one in containers if one["name"] == self._name)

    def _start(self, pair: str) -> str:
        """Start the task, or find the one that an update which was cut off has left running."""
        network = self._service["networkConfiguration"]
        task = OneOff(
            cluster=self._cluster,
            task_definition=self._service["taskDefinition"],
            container=self._name,
            command=self._migration.command,
            subnets=network["subnets"],
            security_groups=network["securityGroups"],
            assign_public_ip=bool(network.get("assignPublicIp")),
            started_by=f"migration/{self._name}/{pair}",
            # No strategy, whatever the service's is: Spot could take the machine away in the middle.
        )
        try:
            return self._tasks.left_running(task.cluster, task.started_by) or self._tasks.start(task)
        except OneOffError as error:
            raise MigrationError(
                f"{self._name} was not changed: {self._what} could not be started: {error}"
            ) from error

    def _succeeded(self) -> list[str]:
        value = self._ssm.get_parameter(Name=self._record)["Parameter"]["Value"]
        return [] if value == _NOTHING_YET else value.split(",")

    def _remember(self, pair: str) -> None:
        latest = [*self._succeeded(), pair][-_REMEMBERED:]
        self._ssm.put_parameter(Name=self._record, Value=",".join(latest), Overwrite=True)


def fingerprint(image: str, command: Sequence[str]) -> str:
    """Return a short name for an image together with a command."""
    return hashlib.sha256(json.dumps([image, list(command)]).encode()).hexdigest()[:16]
