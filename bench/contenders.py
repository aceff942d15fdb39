"""What is measured: the local run of a copy of this project, and the same stack with AWS CDK."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from bench.measure import Command
from local import ports
from local.docker import connect, engine
from local.emulator import Emulator
from local.user_cache import user_cache

ROOT: Final = Path(__file__).resolve().parent.parent
ZONE: Final = "example.com"
PROJECT: Final = "node-on-ecs"
STACK: Final = "bench"
_COPIED: Final = ("app", "automation", "infra", "local", "policies", "__main__.py", "Pulumi.yaml")
_CDK: Final = ROOT / "bench" / "cdk"
_FAMILY: Final = "com.amazonaws.ecs.task-definition-family"
_CDK_VARIABLES: Final = ("PATH", "LANG", "LC_ALL", "NODE_EXTRA_CA_CERTS")


def copies(services: int) -> list[str]:
    """Return the names of all services except the first."""
    return [f"dev{number}" for number in range(1, services)]


@dataclass
class LocalRun:
    """`python -m automation --local`, in a copy of the project with its own ports."""

    folder: Path
    name: str = "local run"
    stack: str = STACK
    domain: str = f"{STACK}.{ZONE}"
    emulator_port: int = field(default_factory=ports.any_free)
    front_door_port: int = field(default_factory=ports.any_free)

    @classmethod
    def in_folder(cls, folder: Path) -> LocalRun:
        """Copy the project, without generated files."""
        folder.mkdir()
        for part in _COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, folder / part)
        return cls(folder)

    def command(self, *arguments: str) -> Command:
        """Return a command for the stacks of the copy."""
        environment = {
            **os.environ,
            "EMULATOR_PORT": str(self.emulator_port),
            "FRONT_DOOR_PORT": str(self.front_door_port),
        }
        return Command((sys.executable, "-m", "automation", "--local", *arguments), self.folder, environment)

    def write(self, stack: str, services: int = 1, *, desired_count: int = 1) -> None:
        """Write a stack's file: Pulumi.dev.yaml, with a number of services."""
        document: Any = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
        document["config"] |= {
            "node-on-ecs:domain": f"{stack}.{ZONE}",
            "node-on-ecs:zone": ZONE,
            "node-on-ecs:desired-count": desired_count,
            "node-on-ecs:multidev": copies(services),
        }
        (self.folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))

    def up(self, services: int = 1, *, desired_count: int = 1) -> Command:
        """Return `up` of the measured stack."""
        self.write(STACK, services, desired_count=desired_count)
        return self.command("up", STACK)

    def down(self) -> Command:
        """Return `down` of the measured stack."""
        return self.command("down", STACK)

    def plan(self, services: int) -> Command:
        """Return `preview` of a stack that does not exist."""
        self.write(f"plan{services}", services)
        return self.command("preview", f"plan{services}")

    def outputs(self, stack: str) -> Mapping[str, Any]:
        """Return the outputs of a stack."""
        command = self.command("outputs", stack, "--json")
        return json.loads(
            subprocess.check_output(command.arguments, cwd=command.folder, env=command.environment)
        )

    @property
    def emulator(self) -> Emulator:
        """The emulator that `up` has started.

        Raises:
            LookupError: it does not run.
        """
        emulator = Emulator.running(self.folder / ".local")
        if emulator is None:
            raise LookupError(f"no emulator runs for {self.folder}: `up` starts it")
        return emulator

    def running_tasks(self, stack: str) -> int:
        """Return the number of containers of a stack's tasks, of either contender."""
        label = f"ministack.instance={self.emulator.identity}:{self.emulator.port}"
        with closing(connect()) as client:
            containers: list[dict[str, Any]] = engine(client).containers(filters={"label": [label, _FAMILY]})
        return sum(each["Labels"][_FAMILY].startswith(f"{PROJECT}-{stack}-") for each in containers)


def install_cdk(folder: Path) -> bool:
    """Link a folder to AWS CDK, which is installed once by its lock file; return False without npm."""
    if shutil.which("npm") is None:
        return False
    lock = hashlib.sha256((_CDK / "package-lock.json").read_bytes()).hexdigest()[:16]
    installation = (user_cache() or folder.parent) / "cdk" / lock
    if not installation.exists():
        installation.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=installation.parent) as unfinished:
            temporary = Path(unfinished) / lock
            shutil.copytree(_CDK, temporary, ignore=shutil.ignore_patterns("node_modules"))
            npm = ("npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error")
            subprocess.run(npm, cwd=temporary, check=True)
            # Another run may have been faster.
            with suppress(OSError):
                temporary.rename(installation)
    folder.symlink_to(installation)
    return True


@dataclass
class Cdk:
    """The `cdk` command, on the emulator that the local run has started."""

    folder: Path
    endpoint: str
    image: str
    zone_id: str
    validated: bool = True
    """Whether it validates its templates, as it does by default."""
    name: str = "AWS CDK"
    stack: str = "cdk"
    domain: str = f"cdk.{ZONE}"

    @classmethod
    def in_folder(
        cls, folder: Path, installed: Path, local: LocalRun, shared: str, *, validated: bool = True
    ) -> Cdk:
        """Copy the CDK's app; its image and zone are those of the local stack `shared`."""
        shutil.copytree(_CDK, folder, ignore=shutil.ignore_patterns("node_modules"))
        (folder / "node_modules").symlink_to(installed / "node_modules")
        (folder / "home").mkdir()
        outputs = local.outputs(shared)
        return cls(folder, local.emulator.endpoint, outputs["image"], outputs["zone_id"], validated)

    def command(self, *arguments: str, services: int = 1, desired_count: int = 1) -> Command:
        """Return a command of the CDK, without this machine's AWS settings."""
        environment = {name: os.environ[name] for name in _CDK_VARIABLES if name in os.environ}
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
        if not self.validated:
            environment["CDK_VALIDATION"] = "false"
        return Command((str(Path("node_modules", ".bin", "cdk")), *arguments), self.folder, environment)

    def bootstrap(self) -> Command:
        """Return `cdk bootstrap`, which an account needs before its first stack."""
        return self.command("bootstrap", "aws://000000000000/us-east-1")

    def up(self, services: int = 1, *, desired_count: int = 1) -> Command:
        """Return `cdk deploy`."""
        deploy = ("deploy", "--require-approval", "never")
        return self.command(*deploy, services=services, desired_count=desired_count)

    def down(self) -> Command:
        """Return `cdk destroy`."""
        return self.command("destroy", "--force")

    def plan(self, services: int) -> Command:
        """Return `cdk synth`, which sends no requests to AWS."""
        return self.command("synth", "--quiet", services=services)

    def diff(self, services: int) -> Command:
        """Return `cdk diff`, which reads from AWS what exists."""
        return self.command("diff", services=services)


Contender = LocalRun | Cdk
"""Both deploy, delete and plan a stack with a number of services; the first has the domain's own host."""
