"""Migrations: a command that runs once with a new image, before the service changes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_aws as aws

from infra.rollout.clock import REAL, Clock
from infra.rollout.evidence import logged, why_stopped
from infra.rollout.run_task import OneOff, OneOffs, RunTaskError, exit_code_of, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.rollout.aws_clients import Clients
    from infra.settings import Migration

_NOTHING_YET: Final = "none"
_OF_THE_SERVICE: Final = frozenset({"SERVICE_NAME", "PORT", "OTEL_SERVICE_NAME"})
"""Variables in which services differ that migrate the same database."""
_REMEMBERED: Final = 100
"""A parameter holds 4096 characters."""


class MigrationError(Exception):
    """A migration did not do what it should; the service was not touched."""


class Migrations:
    """Runs the migrations of a stack, one at a time: copies of a service may share a database."""

    def __init__(self, clients: Clients, clock: Clock = REAL) -> None:
        self._clients = clients
        self._clock = clock
        self._turn = asyncio.Lock()
        self._done: set[str] = set()

    def gate(
        self, name: str, migration: Migration, *, parent: pulumi.Resource
    ) -> tuple[pulumi.ResourceHook, pulumi.Resource]:
        """Return what holds a service back until its migration has succeeded for the image that it gets.

        The hook runs before the service is created or updated; what it remembers has to be there before.

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
                await run.once(self._done)

        return pulumi.ResourceHook(f"{name}-migration", before), record


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
            service: the ECS service as it shall become: cluster, taskDefinition, and where it runs.
            clock: what time limits are measured by.
        """
        self._clients = clients
        self._tasks = OneOffs(clients.client("ecs"), clock)
        self._name = name
        self._migration = migration
        self._record = record
        self._service = service
        self._clock = clock

    async def once(self, done: set[str] | None = None) -> None:
        """Run, unless it has succeeded before with this image and this command.

        Args:
            done: what has succeeded in this update already, for this service or for another one that is told
                the same: the second one has nothing left to do.

        Raises:
            MigrationError: it failed, did not start, or took too long.
        """
        pair, told = await asyncio.to_thread(self._fingerprints)
        if pair in await asyncio.to_thread(self._succeeded):
            return
        if done is not None and told in done:
            await asyncio.to_thread(self._remember, pair)
            return
        self._report("runs")
        limit = f"took longer than {self._migration.timeout_minutes} minutes"
        try:
            arn = await self._tasks.start(self._task(pair))
            task = await self._tasks.end_of(
                self._service["cluster"], arn, within_seconds=self._migration.timeout_minutes * 60
            )
            if task is None:
                await self._tasks.stop(self._service["cluster"], arn, limit)
        except RunTaskError as error:
            raise self._error(f"could not be run: {error}") from error
        if task is None or exit_code_of(task, self._name) != 0:
            ended = task or {"taskArn": arn, "taskDefinitionArn": self._service["taskDefinition"]}
            lines = await asyncio.to_thread(logged, self._clients, [ended], self._clock)
            raise self._error(f"failed: {why_stopped(task)}" if task else f"{limit} and was stopped", lines)
        await asyncio.to_thread(self._remember, pair)
        if done is not None:
            done.add(told)
        self._report("succeeded")

    @property
    def _what(self) -> str:
        return f"its migration `{' '.join(self._migration.command)}`"

    def _report(self, how: str) -> None:
        pulumi.log.info(f"{self._name}: {self._what} {how}")

    def _error(self, how: str, lines: Sequence[str] = ()) -> MigrationError:
        return MigrationError("\n".join([f"{self._name} was not changed: {self._what} {how}", *lines]))

    def _fingerprints(self) -> tuple[str, str]:
        """Return short names for image and command, and for all that the container is told beside them."""
        ecs = self._clients.client("ecs")
        found = ecs.describe_task_definition(taskDefinition=self._service["taskDefinition"])
        containers = found["taskDefinition"]["containerDefinitions"]
        own = next(one for one in containers if one["name"] == self._name)
        variables = [one for one in own.get("environment", ()) if one["name"] not in _OF_THE_SERVICE]
        told = json.dumps([sorted(map(_pair, variables)), sorted(map(_pair, own.get("secrets", ())))])
        command = self._migration.command
        return fingerprint(own["image"], command), fingerprint(own["image"] + told, command)

    def _task(self, pair: str) -> OneOff:
        return OneOff(
            cluster=self._service["cluster"],
            task_definition=self._service["taskDefinition"],
            container=self._name,
            command=self._migration.command,
            place=place_of(self._service),
            started_by=f"migration/{self._name}/{pair}",
        )

    def _succeeded(self) -> list[str]:
        value = self._clients.client("ssm").get_parameter(Name=self._record)["Parameter"]["Value"]
        return [] if value == _NOTHING_YET else value.split(",")

    def _remember(self, pair: str) -> None:
        latest = [*self._succeeded(), pair][-_REMEMBERED:]
        self._clients.client("ssm").put_parameter(Name=self._record, Value=",".join(latest), Overwrite=True)


def _pair(variable: Mapping[str, str]) -> tuple[str, str]:
    return variable["name"], variable.get("value") or variable.get("valueFrom", "")


def fingerprint(image: str, command: Sequence[str]) -> str:
    """Return a short name for an image together with a command."""
    return hashlib.sha256(json.dumps([image, list(command)]).encode()).hexdigest()[:16]
