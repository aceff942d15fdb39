"""The local run of one stack: emulator, engine, front door, in the right order."""

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
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from local.containers import connect, ensure_daemon, stop_daemon_if_ours
from local.emulator import Emulator
from local.engine import state as states
from local.engine import wire
from local.engine.errors import EngineError
from local.engine.project import StackConfig, load
from local.front_door import FrontDoor, NoAnswerError
from local.images import remove_images
from local.lock import locked
from local.resources.cloud import Cloud
from local.steadiness import Services

if TYPE_CHECKING:
    from local.display import Display
    from local.engine.state import Checkpoint

ROOT: Final = Path(__file__).resolve().parent.parent
_DEFAULT_PASSPHRASE: Final = "local"  # noqa: S105 -- nothing in the emulator is worth hiding
_BEGIN_WAIT_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Home:
    """Where the local run keeps what it needs again: `.local` in the project's folder."""

    folder: Path = ROOT / ".local"

    @property
    def backend(self) -> Path:
        """The states, where the CLI's file backend would keep them."""
        return self.folder / "state"

    @property
    def identity(self) -> Path:
        """Which emulator the states describe."""
        return self.folder / "emulator-of-the-states"


def passphrase() -> str:
    """The passphrase of the local states and of encrypted config."""
    return os.environ.get("PULUMI_CONFIG_PASSPHRASE", _DEFAULT_PASSPHRASE)


def region_of(config: StackConfig) -> str:
    """The region that the stack asks for."""
    return config.values.get("aws:region", "us-east-1")


class Session:
    """One command on one stack."""

    def __init__(self, stack: str, home: Home, say: Callable[[str], None]) -> None:
        self.stack = stack
        self.home = home
        self.config = load(ROOT, stack, passphrase())
        self._say = say
        self._emulator: Emulator | None = None

    def ready(self) -> Emulator:
        """Have Docker and the emulator, and a state that belongs to it."""
        if self._emulator is None:
            ensure_daemon(_ask, say=self._say)
            self._emulator = _start_while_importing(self.home, region_of(self.config), self._say)
            set_aside_foreign_states(self.home, self._emulator, self._say)
            self._make_zone(self._emulator)
        return self._emulator

    def up(self, display: Display) -> Checkpoint:
        """Bring the stack to what its program says."""
        emulator = self.ready()
        with locked(self.home.folder, f"up {self.stack}"), self._program(emulator) as program:
            deployment = self._deployment(emulator, display, dry_run=False)
            deployment.refresh()
            return deployment.up(program, self.config.values, self.config.secret_keys)

    def preview(self, display: Display) -> Checkpoint:
        """Show what `up` would do."""
        emulator = self.ready()
        with self._program(emulator) as program:
            deployment = self._deployment(emulator, display, dry_run=True)
            deployment.refresh()
            return deployment.up(program, self.config.values, self.config.secret_keys)

    def open(self, outputs: Mapping[str, Any]) -> dict[str, str]:
        """Start the front door and return the address of every service, by name."""
        emulator = self.ready()
        door = FrontDoor.start(
            state_dir=self.home.folder,
            emulator=emulator.endpoint,
            region=region_of(self.config),
            say=self._say,
        )
        urls: Mapping[str, str] = wire.reveal(outputs.get("urls") or {})
        return {name: local_address(door, url) for name, url in urls.items()}

    def wait_until_healthy(
        self,
        outputs: Mapping[str, Any],
        addresses: Mapping[str, str],
        seconds: float,
    ) -> None:
        """Wait until ECS runs what was asked for and every address answers 200 through the load balancer.

        Raises:
            NotSteadyError: a service does not run what it should; the message says what ECS tells.
            NoAnswerError: an address does not answer; the message names it and what came instead.
        """
        plain: Mapping[str, Any] = wire.reveal(outputs)
        door = FrontDoor.recorded(self.home.folder)
        if door is None:
            raise NoAnswerError("no front door runs: `make up` starts it")
        deadline = time.monotonic() + seconds
        cloud = Cloud(self.ready().endpoint, region=region_of(self.config))
        Services(cloud, plain["cluster_name"], plain["service_names"]).wait(seconds=seconds)
        for address in addresses.values():
            parts = urlsplit(address)
            host = (parts.hostname or "").removesuffix(".localhost")
            door.wait_until_answers(
                host, seconds=max(1.0, deadline - time.monotonic()), path=parts.path or "/"
            )

    def _deployment(self, emulator: Emulator, display: Display, *, dry_run: bool) -> Any:
        from local.engine.catalogue import everything
        from local.engine.deployment import Deployment, Target

        target = Target(
            project=self.config.project,
            stack=self.stack,
            root=ROOT,
            backend=self.home.backend,
            endpoint=emulator.endpoint,
            passphrase=passphrase(),
        )
        return Deployment(target, everything(), dry_run=dry_run, listen=display.listen, log=display.log)

    @contextmanager
    def _program(self, emulator: Emulator) -> Generator[Callable[[], None]]:
        """The project's own `__main__.py`, run in its folder as the CLI would."""
        before = Path.cwd()
        # The program's own boto3 calls, such as those of gates, go where its resources go.
        variables = {
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region_of(self.config),
        }
        kept = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        os.chdir(ROOT)
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        try:
            yield _run_program
        finally:
            os.chdir(before)
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def _make_zone(self, emulator: Emulator) -> None:
        """On AWS the hosted zone is the user's own; here nobody else could have made it."""
        domain = self.config.values.get(f"{self.config.project}:domain", "")
        zone = self.config.values.get(f"{self.config.project}:zone", "") or domain.partition(".")[2]
        if not domain or not zone:
            return
        route53 = Cloud(emulator.endpoint, region=region_of(self.config)).client("route53")
        found = route53.list_hosted_zones_by_name(DNSName=zone)["HostedZones"]
        if not any(item["Name"] == f"{zone}." for item in found):
            route53.create_hosted_zone(Name=zone, CallerReference=f"node-on-ecs-{zone}")


def _run_program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def _start_while_importing(home: Home, region: str, say: Callable[[str], None]) -> Emulator:
    """Start the emulator; this process loads Pulumi's SDK in the meantime, which takes about as long."""
    importing = threading.Thread(target=_import_pulumi, daemon=True)
    importing.start()
    emulator = Emulator.start(state_dir=home.folder, region=region, say=say)
    importing.join()
    return emulator


def _import_pulumi() -> None:
    import boto3
    import pulumi_aws
    import pulumi_awsx
    import pulumi_docker
    import pulumi_docker_build

    del boto3, pulumi_aws, pulumi_awsx, pulumi_docker, pulumi_docker_build


def set_aside_foreign_states(home: Home, emulator: Emulator, say: Callable[[str], None]) -> None:
    """Put states away that describe an emulator that is gone: everything in it is gone with it."""
    recorded = home.identity.read_text().strip() if home.identity.exists() else ""
    if recorded != emulator.identity and home.backend.exists():
        kept = home.folder / f"state-of-{recorded or 'unknown'}"
        shutil.rmtree(kept, ignore_errors=True)
        home.backend.rename(kept)
        say(f"The emulator was started anew: the state of the one before is set aside in {kept.name}.")
    home.folder.mkdir(parents=True, exist_ok=True)
    home.identity.write_text(f"{emulator.identity}\n")


def local_address(door: FrontDoor, url: str) -> str:
    """Where a browser on this machine finds what `url` is on AWS."""
    parts = urlsplit(url)
    return door.url(parts.hostname or "", parts.path).removesuffix("/") + (
        "/" if parts.path not in ("", "/") else ""
    )


def _ask(question: str) -> bool:
    return input(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")


def down(home: Home, stacks: list[str], display: Display, say: Callable[[str], None]) -> None:
    """Delete stacks, and with the last one all that the local run has started and made.

    Raises:
        EngineError: something could not be deleted.
    """
    project = load_project_name()
    existing = states.stacks(home.backend, project)
    chosen = stacks or existing
    emulator = Emulator.running(home.folder)
    if emulator is not None:
        with locked(home.folder, "down"):
            for stack in chosen:
                if stack not in existing:
                    say(
                        f"There is no local stack {stack!r}: {', '.join(existing) or 'there is none at all'}."
                    )
                    continue
                _destroy(home, project, stack, emulator, display)
    remaining = [stack for stack in existing if stack not in chosen]
    if remaining:
        say(f"Still there: {', '.join(remaining)}.")
        return
    clear(home, say)


def _destroy(home: Home, project: str, stack: str, emulator: Emulator, display: Display) -> None:
    from local.engine.catalogue import everything
    from local.engine.deployment import Deployment, Target

    target = Target(project, stack, ROOT, home.backend, emulator.endpoint, passphrase())
    # Protection keeps people's systems from harm; an emulator that is thrown away needs none.
    deployment = Deployment(target, everything(), dry_run=False, listen=display.listen, log=display.log)
    deployment.destroy(unprotect=True)
    for path in (target.state_path, target.state_path.with_suffix(".json.bak"), target.marker_path):
        path.unlink(missing_ok=True)


def clear(home: Home, say: Callable[[str], None]) -> None:
    """Stop the processes, remove the images and the folder."""
    door = FrontDoor.recorded(home.folder)
    if door is not None:
        door.stop()
    emulator = Emulator.recorded(home.folder)
    if emulator is not None:
        emulator.stop()
    try:
        client = connect()
    except Exception as error:  # noqa: BLE001 -- without a daemon there is nothing left to remove
        del error
    else:
        prefix = f"localhost:{emulator.port}/" if emulator else ""
        remove_images(client, prefix=prefix)
        client.close()
    shutil.rmtree(home.folder, ignore_errors=True)
    if stop_daemon_if_ours():
        say("Stopped the Docker daemon that `make up` had started.")


def load_project_name() -> str:
    """The project's name, from Pulumi.yaml."""
    import yaml

    try:
        return str(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"])
    except (OSError, KeyError, TypeError) as error:
        raise EngineError(f"{ROOT / 'Pulumi.yaml'} names no project: {error}") from error
