"""The two that are measured: a copy of this project, and the same stack with AWS CDK."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from local import ports
from local.docker import connect, engine
from local.emulator import Emulator
from local.engine import state, wire

ROOT: Final = Path(__file__).resolve().parent.parent
ZONE: Final = "example.com"
_COPIED: Final = (
    "app", "infra", "local", "__main__.py", "Makefile", "Pulumi.yaml",
)  # fmt: skip
_PYTHON: Final = str(ROOT / ".venv" / "bin" / "python")
_OF_THE_OUTER_MAKE: Final = ("STACK", "MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS")
"""With the outer one's STACK, `make down` would take that stack away and leave all else."""

_KEPT_OF_THE_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "DOCKER_HOST", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True)
class Command:
    """What is typed, and where."""

    words: tuple[str, ...]
    folder: Path
    environment: dict[str, str]


class Contender(Protocol):
    """What both can do, for a stack of `services` services; the first has the domain's own host."""

    name: str

    def up(self, services: int, *, desired_count: int = 1) -> Command:
        """Make the stack, or bring it to another size."""
        ...

    def down(self) -> Command:
        """Take it away."""
        ...

    def plan(self, services: int) -> Command:
        """Work out what to make, and make nothing."""
        ...

    def hosts(self, services: int) -> list[str]:
        """Where it answers."""
        ...


def host_names(domain: str, services: int) -> list[str]:
    """Return the domain, and a host below it for each further service."""
    return [domain, *(f"{name}.{domain}" for name in copies(services))]


def copies(services: int) -> list[str]:
    """Return the names of all services but the first."""
    return [f"dev{number}" for number in range(1, services)]


@dataclass
class Ours:
    """`make up` and its siblings, in a copy of the project with ports of its own."""

    folder: Path
    name: str = "make up"
    emulator_port: int = field(default_factory=ports.any_free)
    front_door_port: int = field(default_factory=ports.any_free)

    @classmethod
    def in_folder(cls, folder: Path) -> Ours:
        """Copy the project, but for what it has made."""
        folder.mkdir()
        for part in _COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        return cls(folder)

    def stack(self, name: str, services: int, *, desired_count: int = 1) -> None:
        """Write the stack file: Pulumi.dev.yaml, for so many services."""
        document: Any = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
        document["config"] |= {
            "node-on-ecs:domain": f"{name}.{ZONE}",
            "node-on-ecs:zone": ZONE,
            "node-on-ecs:desired-count": desired_count,
            "node-on-ecs:multidev": copies(services),
        }
        (self.folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(document))

    def make(self, target: str, stack: str = "") -> Command:
        """A target of the Makefile, for one stack or for all, with the project's virtual environment."""
        # Told that `venv` is made, make does not look for one in the copy.
        make = ("make", "--no-print-directory", "--old-file=venv", f"python={_PYTHON}")
        words = (*make, target, *([f"STACK={stack}"] if stack else []))
        environment = {
            **{name: value for name, value in os.environ.items() if name not in _OF_THE_OUTER_MAKE},
            # The figures are this engine's, whether or not there is a Pulumi CLI.
            "LOCAL_ENGINE": "in-process",
            "EMULATOR_PORT": str(self.emulator_port),
            "FRONT_DOOR_PORT": str(self.front_door_port),
        }
        return Command(words, self.folder, environment)

    def up(self, services: int, *, desired_count: int = 1) -> Command:
        """`make up` for the stack `bench`."""
        self.stack("bench", services, desired_count=desired_count)
        return self.make("up", "bench")

    def down(self) -> Command:
        """`make down` for the stack `bench`."""
        return self.make("down", "bench")

    def plan(self, services: int) -> Command:
        """`make preview` for a stack that does not exist."""
        self.stack(f"plan{services}", services)
        return self.make("preview", f"plan{services}")

    def program(self, services: int) -> Command:
        """The same without the start: the program alone, under the engine."""
        self.stack(f"plan{services}", services)
        command = self.make("preview", f"plan{services}")
        script = str(Path(__file__).with_name("program.py"))
        return Command((_PYTHON, script, f"plan{services}"), self.folder, command.environment)

    def hosts(self, services: int) -> list[str]:
        """Where the stack `bench` answers."""
        return host_names(f"bench.{ZONE}", services)

    @property
    def emulator(self) -> Emulator:
        """The emulator that `make up` has started."""
        found = Emulator.recorded(self.folder / ".local")
        if found is None:
            raise LookupError("the emulator does not run: `make up` has to come first")
        return found

    def output(self, stack: str, name: str) -> Any:
        """An output of a stack that is up."""
        path = state.path_of(self.folder / ".local" / "state", "node-on-ecs", stack)
        return wire.reveal(state.load(path, "node-on-ecs", stack, "local").outputs())[name]


@dataclass
class Cdk:
    """`cdk deploy` and its siblings, for the emulator that `make up` has started."""

    folder: Path
    endpoint: str
    image: str
    zone_id: str
    name: str = "AWS CDK"

    @classmethod
    def in_folder(cls, folder: Path, ours: Ours, *, image: str, zone_id: str) -> Cdk:
        """Copy the app; what npm has installed stays where it is."""
        shutil.copytree(ROOT / "bench" / "cdk", folder, ignore=shutil.ignore_patterns("node_modules"))
        (folder / "node_modules").symlink_to(ROOT / "bench" / "cdk" / "node_modules")
        (folder / "home").mkdir()
        return cls(folder, ours.emulator.endpoint, image, zone_id)

    def cdk(self, *words: str, services: int = 1, desired_count: int = 1) -> Command:
        """A command of the CDK, which sees nothing of this machine's AWS settings."""
        environment = {name: os.environ[name] for name in _KEPT_OF_THE_ENVIRONMENT if name in os.environ}
        environment |= {
            "HOME": str(self.folder / "home"),
            "CI": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "BENCH_IMAGE": self.image,
            "BENCH_ZONE_ID": self.zone_id,
            "BENCH_SERVICES": str(services),
            "BENCH_DESIRED_COUNT": str(desired_count),
        }
        return Command((str(Path("node_modules", ".bin", "cdk")), *words), self.folder, environment)

    def bootstrap(self) -> Command:
        """`cdk bootstrap`: what it wants in an account before the first stack."""
        return self.cdk("bootstrap", "aws://000000000000/us-east-1")

    def up(self, services: int, *, desired_count: int = 1) -> Command:
        """`cdk deploy`."""
        return self.cdk(
            "deploy", "--require-approval", "never", services=services, desired_count=desired_count
        )

    def down(self) -> Command:
        """`cdk destroy`."""
        return self.cdk("destroy", "--force")

    def plan(self, services: int) -> Command:
        """`cdk synth`."""
        return self.cdk("synth", "--quiet", services=services)

    def hosts(self, services: int) -> list[str]:
        """Where its stack answers."""
        return host_names(f"cdk.{ZONE}", services)


def npm_has_installed() -> bool:
    """Whether the CDK is here."""
    return (ROOT / "bench" / "cdk" / "node_modules" / ".bin" / "cdk").exists()


def running_containers(emulator: Emulator) -> int:
    """How many containers run for tasks of this emulator."""
    client = connect()
    try:
        label = f"ministack.instance={emulator.identity}:{emulator.port}"
        return len(engine(client).containers(filters={"label": [label, "com.amazonaws.ecs.task-arn"]}))
    finally:
        client.close()
