"""The environment of local stacks: Docker, emulator, front door, backend and providers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from local.backend import Backend, BrokenStateError, State
from local.docker import DockerError, connect
from local.docker_daemon import DockerDaemon
from local.emulator import Emulator
from local.errors import LocalError
from local.front_door import FrontDoor
from local.isolation import NO_ACCOUNT, point_at
from local.locks import BusyError, everything_locked, stack_locked, stack_watched
from local.resources.cloud import Cloud

if TYPE_CHECKING:
    from docker import DockerClient

ROOT: Final = Path(__file__).resolve().parent.parent
DEFAULT_PASSPHRASE: Final = "local"  # noqa: S105 -- nothing in the emulator is worth hiding
_DEFAULT_REGION: Final = "us-east-1"
_REACHABLE_SECONDS: Final = 15.0
_APP_STATUSES: Final = frozenset(range(200, 600)) - {502, 503, 504}
"""Statuses that are not the load balancer's own."""
_SERVICES_AT_ONCE: Final = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""
_NETWORK_SCHEMES: Final = frozenset({"tcp", "tls", "udp"})
_REPOSITORY: Final = "aws:ecr/repository:Repository"
_SALT: Final = re.compile(r"^encryptionsalt: *(\S+)", re.MULTILINE)
_OTHER_ENCRYPTION: Final = re.compile(r"^(secretsprovider|encryptedkey):.*\n?", re.MULTILINE)


class Run(Protocol):
    """A run of the CLI on a stack."""

    succeeded: bool
    """Set by the caller when the CLI has succeeded."""


R = TypeVar("R", bound=Run)


@dataclass(frozen=True, kw_only=True)
class LocalEnvironment:
    """Stacks on this machine; none of them reaches an AWS account."""

    project: str
    passphrase: str = DEFAULT_PASSPHRASE
    """Passphrase of the local states and of encrypted values in stack files."""
    root: Path = ROOT
    say: Callable[[str], None]
    """Shows a line to the user."""

    @property
    def folder(self) -> Path:
        """Folder of the local run's files."""
        return self.root / ".local"

    @property
    def backend(self) -> Backend:
        """The backend with the states."""
        return Backend(self.folder / "state", self.project)

    def stacks(self) -> list[str]:
        """Return the names of the stacks in the running emulator, if one runs."""
        emulator = Emulator.running(self.folder)
        if emulator is None:
            return []
        return [name for name in self.backend.stacks() if self.backend.belongs_to(name, emulator.identity)]

    def emulator(self) -> Emulator:
        """Return the emulator.

        Raises:
            LocalError: it does not run.
        """
        if (emulator := Emulator.running(self.folder)) is None:
            raise LocalError(
                "the emulator does not run, so there are no local stacks: `make up` creates them"
            )
        return emulator

    def front_door(self) -> FrontDoor:
        """Return the front door.

        Raises:
            LocalError: it does not run.
        """
        if (door := FrontDoor.running(self.folder)) is None:
            raise LocalError("the front door does not run: `make up` starts it")
        return door

    def address(self, url: str) -> str:
        """Return the address on this machine for `url`, an address on AWS."""
        parts = urlsplit(url)
        if parts.scheme in _NETWORK_SCHEMES:
            address = self.front_door().network_address(parts.hostname or "", parts.port or 0)
            # TLS ends at the load balancer.
            scheme = "udp" if parts.scheme == "udp" else "tcp"
            return f"{scheme}://{address}" if address else url
        return self.front_door().url(parts.hostname or "", parts.path)

    def variables(self, emulator: Emulator | None = None) -> dict[str, str]:
        """Return the environment variables for the CLI, or any AWS client, on local stacks."""
        emulator = emulator or self.emulator()
        return {
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": self.backend.url,
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_REGION": emulator.region,
            **NO_ACCOUNT,
        }

    @contextmanager
    def run(self, stack: str, command: str, make: Callable[..., R], *, region: str = "") -> Generator[R]:
        """Prepare one run of the CLI on `stack`.

        Args:
            stack: its name.
            command: its name, for the lock.
            make: called with keyword arguments: `variables` for the CLI, the `folder` with Pulumi.yaml and
                the stack file, whether its `last_update_failed`, the descriptors of the `locks`, which the
                CLI has to inherit (if this process is killed, the CLI still writes the state), and
                `wait_until_ready`, which returns when the emulator and the front door answer.
            region: the stack's; empty for the emulator's.

        Raises:
            LocalError: a server cannot be started, the state is damaged, or another run holds the stack.
        """
        from local.provider.server import Servers

        holder = f"{command} {stack}"
        with (
            # `dev` needs the stack that it watches.
            stack_watched(self.folder, stack, holder) if command == "destroy" else nullcontext(),
            stack_locked(self.folder, stack, holder) as locks,
            DockerDaemon().kept_running(),
        ):
            emulator, door = self._start(stack, region)
            # The program's own AWS calls go to the emulator, too.
            point_at(emulator.endpoint, emulator.region)
            state = self.backend.read(stack)
            self.backend.remove_lock(stack)
            interrupted, failed = (self._note(stack, note) for note in ("running", "failed"))
            servers = Servers(emulator.endpoint, known=state.identifiers if interrupted.exists() else None)
            if command == "up":
                servers.prepare_update(emulator.region)
            run = make(
                variables=self._variables_of_a_run(emulator, servers.variable),
                folder=self._copy_files(stack, state.salt),
                last_update_failed=failed.exists(),
                locks=locks,
                wait_until_ready=lambda: (emulator.wait_until_ready(), door.wait_until_ready()),
            )
            if command == "destroy":
                _delete_repositories(emulator, state)
            self.backend.assign(stack, emulator.identity)
            self.backend.create(stack)
            interrupted.parent.mkdir(parents=True, exist_ok=True)
            interrupted.touch()
            try:
                yield run
            finally:
                servers.stop()
                if run.succeeded:
                    # Otherwise the state may lack resources that were created.
                    interrupted.unlink(missing_ok=True)
                    failed.unlink(missing_ok=True)
                    self.backend.keep_copy(stack)
                else:
                    self.backend.restore_if_broken(stack)
                    if command == "up":
                        failed.touch()

    def _start(self, stack: str, region: str) -> tuple[Emulator, FrontDoor]:
        """Start the servers that do not run, without waiting until they answer.

        Raises:
            PortError: a port that a variable sets cannot be used; nothing was started. Not checked without
                `region`: the stack is destroyed, in the emulator that runs.
        """
        if region:
            with Emulator.port_checked(self.folder), FrontDoor.port_checked(self.folder):
                pass
        DockerDaemon().start_or_join(say=self.say)
        running = None if region else Emulator.running(self.folder)
        region = region or (running.region if running else _DEFAULT_REGION)
        emulator = Emulator.start_or_join(state_dir=self.folder, region=region, say=self.say)
        # It relays the metadata that a task requests first.
        door = FrontDoor.start_or_join(
            state_dir=self.folder, emulator=emulator.endpoint, region=region, say=self.say
        )
        self._set_aside_stale_states(emulator, held=stack)
        return emulator, door

    def _set_aside_stale_states(self, emulator: Emulator, *, held: str | None) -> None:
        """Move the states of an earlier emulator, whose resources no longer exist, to another folder.

        `held` is the stack that this process has locked.
        """
        backend = self.backend
        stale = [name for name in backend.stacks() if not backend.belongs_to(name, emulator.identity)]
        kept = self.folder / "state-of-earlier-emulators"
        for name in stale:
            # Another run handles the stack that it holds.
            with suppress(BusyError):
                if name == held:
                    backend.set_aside(name, kept)
                else:
                    with stack_locked(self.folder, name, "set aside"):
                        backend.set_aside(name, kept)
        if stale:
            self.say(
                f"The emulator was restarted and is empty. The earlier state of {', '.join(stale)} is in "
                f"{kept.relative_to(self.root)}."
            )

    def _variables_of_a_run(self, emulator: Emulator, providers: str) -> dict[str, str]:
        return {
            **self.variables(emulator),
            "PULUMI_DEBUG_PROVIDERS": providers,
            # `--event-log` is one of the commands' options for debugging.
            "PULUMI_DEBUG_COMMANDS": "true",
            # The state is written at the end only. The resources of an interrupted run are found by tags.
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        }

    def _copy_files(self, stack: str, salt: str) -> Path:
        """Copy Pulumi.yaml and the stack file: the CLI writes the salt of the local state into the latter."""
        folder = self.folder / "work" / stack
        folder.mkdir(parents=True, exist_ok=True)
        name = f"Pulumi.{stack}.yaml"
        source, copy = self.root / name, folder / name
        shutil.copyfile(self.root / "Pulumi.yaml", folder / "Pulumi.yaml")
        # A stack can be destroyed without its stack file.
        text = source.read_text("utf-8") if source.exists() else ""
        # Local states use a passphrase, whatever encrypts those in the account.
        text = _OTHER_ENCRYPTION.sub("", text)
        if not _SALT.search(text):
            earlier = _SALT.search(copy.read_text("utf-8")) if copy.exists() else None
            salt = salt or (earlier[1] if earlier else "")
            text = f"{text.rstrip()}\nencryptionsalt: {salt}\n" if salt else text
        copy.write_text(text, "utf-8")
        return folder

    def _note(self, stack: str, kind: str) -> Path:
        return self.folder / "notes" / f"{stack}.{kind}"

    def wait_until_reachable(self, outputs: Mapping[str, Any]) -> None:
        """Request each service's address until the app responds, through DNS and listener rules.

        The update has waited until the app is healthy, so any status of the app is accepted. Services with a
        desired count of 0 are skipped.

        Raises:
            NoAnswerError: the app does not respond; the message has the last response.
        """
        door = self.front_door()
        urls: Mapping[str, str] = outputs.get("urls", {})
        services = {name: service for name, service in outputs["service_names"].items() if name in urls}
        for name in self._with_tasks(outputs["cluster_name"], services):
            parts = urlsplit(urls[name])
            if parts.scheme in _NETWORK_SCHEMES:
                door.wait_until_open(parts.hostname or "", parts.port or 0, seconds=_REACHABLE_SECONDS)
                continue
            door.wait_until_answers(
                parts.hostname or "",
                path=parts.path or "/",
                seconds=_REACHABLE_SECONDS,
                accepts=_APP_STATUSES,
            )

    def _with_tasks(self, cluster: str, services: Mapping[str, str]) -> list[str]:
        """Return the services whose desired count is not 0; `services` has the ECS name of each."""
        emulator = self.emulator()
        ecs = Cloud(emulator.endpoint, region=emulator.region).client("ecs")
        ecs_names = sorted(services.values())
        described: list[dict[str, Any]] = []
        for start in range(0, len(ecs_names), _SERVICES_AT_ONCE):
            batch = ecs_names[start : start + _SERVICES_AT_ONCE]
            described += ecs.describe_services(cluster=cluster, services=batch)["services"]
        with_tasks = {service["serviceName"] for service in described if service["desiredCount"]}
        return sorted(name for name, ecs_name in services.items() if ecs_name in with_tasks)

    def in_order_of_deletion(self, stacks: Iterable[str]) -> list[str]:
        """Sort so that a stack comes before those whose outputs it reads or whose network it is in."""
        states = {stack: self._state(stack) for stack in stacks}
        owners = {identifier: stack for stack, state in states.items() for _, identifier in state.identifiers}
        uses = {
            stack: (state.references | {owners.get(network, stack) for network in state.networks})
            & {*states} - {stack}
            for stack, state in states.items()
        }
        ordered: list[str] = []
        while uses:
            used = set[str]().union(*uses.values())
            # Stacks may read one another's outputs; then either may come first.
            unused = sorted(uses.keys() - used) or sorted(uses)[:1]
            ordered += unused
            uses = {stack: uses[stack] for stack in uses if stack not in unused}
        return ordered

    def _state(self, stack: str) -> State:
        try:
            return self.backend.read(stack)
        except BrokenStateError:
            # `destroy` cannot read it either, which does not matter if all stacks are deleted.
            return State()

    def forget(self, stack: str) -> None:
        """Delete the files of a destroyed stack."""
        self.backend.forget(stack)
        shutil.rmtree(self.folder / "work" / stack, ignore_errors=True)
        shutil.rmtree(self.folder / "live" / stack, ignore_errors=True)
        for note in ("running", "failed"):
            self._note(stack, note).unlink(missing_ok=True)

    def clear(self) -> None:
        """Stop the front door, the emulator, and Docker if it was started here, and delete their files.

        Raises:
            DockerError: no daemon answers, so containers and images cannot be deleted.
            BusyError: another run is under way.
        """
        with everything_locked(self.folder, "down"):
            self._stop_servers()
            shutil.rmtree(self.folder, ignore_errors=True)
        self._stop_docker()

    @contextmanager
    def servers_stopped_afterwards(self) -> Generator[None]:
        """Stop the servers that are started meanwhile, unless a stack has resources then."""
        was_running = Emulator.running(self.folder) is not None
        try:
            yield
        finally:
            stacks = self.stacks()
            if not (was_running or any(self._state(stack).resources for stack in stacks)):
                # Another run may have begun.
                with suppress(BusyError), everything_locked(self.folder, "stop"):
                    for stack in stacks:
                        self.forget(stack)
                    self._stop_servers()
                self._stop_docker()

    def _stop_servers(self) -> None:
        door, emulator = FrontDoor.recorded(self.folder), Emulator.recorded(self.folder)
        # Without a daemon the records of containers and images must not be deleted.
        client = None if emulator is None else _connect_to_clean_up()
        if door is not None:
            door.stop()
        if emulator is not None and client is not None:
            from local.images import remove_images

            with closing(client):
                emulator.stop()
                remove_images(client, prefix=f"localhost:{emulator.port}/")

    def _stop_docker(self) -> None:
        if DockerDaemon().stop_if_unused():
            self.say("Stopped the Docker daemon that `make up` had started.")


def _connect_to_clean_up() -> DockerClient:
    try:
        return connect()
    except DockerError as error:
        raise DockerError(f"containers and images cannot be deleted: {error}") from error


def _delete_repositories(emulator: Emulator, state: State) -> None:
    """Delete a stack's repositories with their images, which a protected stack's provider would not do."""
    ecr = Cloud(emulator.endpoint, region=emulator.region).client("ecr")
    for kind, name in state.identifiers:
        if kind == _REPOSITORY:
            with suppress(ecr.exceptions.RepositoryNotFoundException):
                ecr.delete_repository(repositoryName=name, force=True)
