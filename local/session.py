"""The local run of one stack: emulator, front door, program, in the right order."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from local import engines
from local.docker_daemon import DockerDaemon
from local.emulator import Emulator
from local.engine import state as states
from local.engine import wire
from local.engine.project import StackConfig, load
from local.event_log import EventLog
from local.front_door import FrontDoor
from local.home import ROOT, Home, passphrase
from local.isolation import point_at
from local.pulumi_cli import PulumiCli
from local.resources.cloud import Cloud
from local.resources.errors import tolerating
from local.services import describe

if TYPE_CHECKING:
    from local.display import Display
    from local.engine.deployment import Deployment
    from local.engine.events import Event
    from local.engine.state import Checkpoint


@dataclass(frozen=True)
class Session:
    """One stack, with everything around it that it runs in."""

    home: Home
    config: StackConfig
    emulator: Emulator
    door: FrontDoor
    cloud: Cloud
    pulumi: PulumiCli | None
    """The Pulumi CLI, where that runs the program and shows how it goes."""

    @classmethod
    def start(cls, stack: str, home: Home, say: Callable[[str], None], *, lock: int | None = None) -> Session:
        """Have Docker, the emulator, the front door, and a state that belongs to that emulator.

        Raises:
            ConfigError: the stack's files cannot be used.
            DockerError, EmulatorError, PortError, ProcessError: something cannot be started.
        """
        config = load(ROOT, stack, passphrase())
        program = engines.program()
        region = config.values.get("aws:region", "us-east-1")
        states.warm_up(states.path_of(home.backend, config.project, stack), passphrase())
        DockerDaemon().start_or_join(say=say)
        # Loading Pulumi's SDK takes about as long as starting both processes.
        # No daemon thread: one that is cut off inside gRPC's own code takes the whole process down.
        importing = threading.Thread(target=_import_pulumi)
        if program is None:
            importing.start()
        emulator = Emulator.start_or_join(state_dir=home.folder, region=region, say=say)
        set_aside_foreign_states(home, emulator, say)
        # The first thing that a task asks is who it is, and the front door passes that question on.
        door = FrontDoor.start_or_join(
            state_dir=home.folder, emulator=emulator.endpoint, region=region, say=say
        )
        if program is None:
            importing.join()
        emulator.wait_until_ready()
        door.wait_until_ready()
        cloud = Cloud(emulator.endpoint, region=region)
        _make_what_is_there_before(config, cloud)
        target = home.target(stack, emulator.endpoint)
        pulumi = None
        if program is not None:
            pulumi = PulumiCli.of(program, target, region=region, folder=home.cli, lock=lock)
        return cls(home=home, config=config, emulator=emulator, door=door, cloud=cloud, pulumi=pulumi)

    def run(self, display: Display, *, dry_run: bool, event_log: Path | None = None) -> Checkpoint:
        """Bring the stack to what its program says; in a preview, show what that takes."""
        if self.pulumi is not None:
            return self.pulumi.preview(event_log) if dry_run else self.pulumi.up()
        with (
            self._surroundings_of_the_program(),
            self._deployment(display, dry_run=dry_run, event_log=event_log) as deployment,
        ):
            deployment.refresh()
            return deployment.up(_run_program, self.config.values, self.config.secret_keys)

    def refresh(self, display: Display, *, dry_run: bool, event_log: Path | None = None) -> Checkpoint:
        """Bring the state to what is there; in a preview, show how it differs."""
        if self.pulumi is not None:
            return self.pulumi.refresh(event_log, dry_run=dry_run)
        with self._deployment(display, dry_run=dry_run, event_log=event_log) as deployment:
            return deployment.read_back()

    @contextmanager
    def _deployment(
        self, display: Display, *, dry_run: bool, event_log: Path | None
    ) -> Generator[Deployment]:
        from local.engine.catalogue import everything
        from local.engine.deployment import Deployment

        log = EventLog(event_log) if event_log is not None else None

        def listen(event: Event) -> None:
            display.listen(event)
            if log is not None:
                log.listen(event)

        target = self.home.target(self.config.stack, self.emulator.endpoint)
        try:
            yield Deployment(target, everything(), dry_run=dry_run, listen=listen, log=display.log)
        finally:
            if log is not None:
                log.close()

    @contextmanager
    def _surroundings_of_the_program(self) -> Generator[None]:
        """The folder and the variables that the CLI would give to `__main__.py`."""
        before = Path.cwd()
        point_at(self.emulator.endpoint, self.cloud.region)
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        os.chdir(ROOT)
        try:
            yield
        finally:
            os.chdir(before)

    def addresses(self, outputs: Mapping[str, Any]) -> dict[str, str]:
        """Where a browser on this machine finds every service, by name."""
        urls: Mapping[str, str] = wire.reveal(outputs.get("urls") or {})
        return {name: local_address(self.door, urls[name]) for name in sorted(urls)}

    def wait_until_answered(self, outputs: Mapping[str, Any], seconds: float) -> set[str]:
        """Wait until every address answers 200; the program itself has waited for ECS.

        Returns:
            The services that answer: all but those that are to have no tasks.

        Raises:
            NoAnswerError: an address does not; the message says what came instead.
        """
        deadline = time.monotonic() + seconds
        plain: Mapping[str, Any] = wire.reveal(outputs)
        services = describe(self.cloud, plain["cluster_name"], plain["service_names"])
        addresses = self.addresses(outputs)
        answering = {name for name, service in services.items() if service["desiredCount"]}
        for name in sorted(answering):
            parts = urlsplit(addresses[name])
            host = (parts.hostname or "").removesuffix(".localhost")
            left = max(1.0, deadline - time.monotonic())
            self.door.wait_until_answers(host, seconds=left, path=parts.path or "/")
        return answering


def local_address(door: FrontDoor, url: str) -> str:
    """Where a browser on this machine finds what `url` is on AWS."""
    parts = urlsplit(url)
    return door.url(parts.hostname or "", parts.path)


def set_aside_foreign_states(home: Home, emulator: Emulator, say: Callable[[str], None]) -> None:
    """Put states away that describe an emulator that is gone: everything in it is gone with it."""
    recorded = home.identity.read_text().strip() if home.identity.exists() else ""
    if recorded != emulator.identity and home.backend.exists():
        kept = home.folder / f"state-of-{recorded or 'unknown'}"
        shutil.rmtree(kept, ignore_errors=True)
        home.backend.rename(kept)
        say(f"The emulator was started anew: the state of the one before is set aside in {kept.name}.")
    if recorded != emulator.identity:
        # At once: on a full disk half a name would stand for an emulator that never was.
        home.folder.mkdir(parents=True, exist_ok=True)
        draft = home.identity.with_suffix(".new")
        draft.write_text(f"{emulator.identity}\n")
        draft.replace(home.identity)


def _make_what_is_there_before(config: StackConfig, cloud: Cloud) -> None:
    """On AWS the hosted zone and a shared repository are the user's own; here nobody could have made them."""
    domain = config.values.get(f"{config.project}:domain", "")
    zone = config.values.get(f"{config.project}:zone", "") or domain.partition(".")[2]
    if domain and zone:
        _make_zone(zone, cloud)
    repository = config.values.get(f"{config.project}:repository", "")
    if repository:
        with tolerating("RepositoryAlreadyExistsException"):
            cloud.client("ecr").create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")


def _make_zone(zone: str, cloud: Cloud) -> None:
    route53 = cloud.client("route53")
    found = route53.list_hosted_zones_by_name(DNSName=zone)["HostedZones"]
    if not any(item["Name"] == f"{zone}." for item in found):
        route53.create_hosted_zone(Name=zone, CallerReference=f"node-on-ecs-{zone}")


def _run_program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def _import_pulumi() -> None:
    import boto3
    import pulumi_aws
    import pulumi_awsx
    import pulumi_docker_build
    import pulumi_random

    del boto3, pulumi_aws, pulumi_awsx, pulumi_docker_build, pulumi_random
