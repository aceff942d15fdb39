"""Building images: with BuildKit where a client has it, else with the daemon's classic builder."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from docker.api.build import process_dockerfile  # pyright: ignore[reportUnknownVariableType]
from docker.utils.build import tar  # pyright: ignore[reportUnknownVariableType]

from local.base_image import base_image
from local.docker import LABEL, DockerError, connect, docker_engine
from local.images import Progress, is_local, pull, registry_digest

NODE_IMAGE: Final = "NODE_IMAGE"
"""Build argument with the base image; its default is the official one."""

_LAST_LINES: Final = 20
_ASK_SECONDS: Final = 20
_BUILDKIT_BUILT_IN_BEFORE: Final = 23
"""From this version on a client has BuildKit only with the buildx plugin."""
_FROM: Final = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE
)
_ARG: Final = re.compile(r"^\s*ARG\s+(\w+)(?:=(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
_CHECKSUM: Final = re.compile(r"#\d+ sha256:")
"""A line of BuildKit's that is of no use to a reader."""
_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True)
class Build:
    """An image to build for this machine's processor."""

    context: Path
    """Folder that is sent to the builder."""
    _: KW_ONLY
    tag: str
    """Name that the image gets."""
    dockerfile: Path | None = None
    """The context's own if None."""
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    """The Dockerfile's arguments; `NODE_IMAGE` is added where no registry can be reached."""
    target: str | None = None
    """Stage to build, the last if None."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Contents of `RUN --mount=type=secret,id=...` by id."""
    progress: Progress = print
    """Called with each line that the builder prints."""

    @property
    def file(self) -> Path:
        """The Dockerfile."""
        return self.dockerfile or self.context / "Dockerfile"

    def run(self) -> str:
        """Build, and return the image's id.

        Raises:
            DockerError: no daemon, no Dockerfile, no base image, or a step that fails.
        """
        if not self.file.is_file():
            raise DockerError(
                f"there is no Dockerfile at {self.file}: create it, or correct the image's path"
            )
        base = _base_arguments(self)
        try:
            return _built(self, base)
        except DockerError:
            # A `make down` beside this one may have removed the base that was there a moment ago.
            if all(is_local(image) for image in base.values()):
                raise
        return _built(self, _base_arguments(self))


class _Output:
    """Passes on what the builder prints, and keeps the last lines for an error."""

    def __init__(self, job: Build) -> None:
        self._job = job
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def line(self, text: str) -> None:
        if text.strip():
            self._last.append(text.rstrip())
            if not _CHECKSUM.match(text):
                self._job.progress(text.rstrip())

    def failure(self) -> DockerError:
        return DockerError("\n".join([f"building {self._job.file} failed; its last lines:", *self._last]))


def _built(job: Build, base: Mapping[str, str]) -> str:
    complete = replace(job, build_args={**job.build_args, **base})
    command = buildkit_client()
    return _classic(complete) if command is None else _with_buildkit(command, complete)


def _base_arguments(job: Build) -> dict[str, str]:
    """Have every base image in the daemon, or return the argument that names one made here."""
    dockerfile = job.file.read_text()
    defaults = _defaults(dockerfile)
    extra: dict[str, str] = {}
    for image in bases(dockerfile, {**defaults, **job.build_args}):
        if is_local(image):
            continue
        try:
            if registry_digest(image) is not None:
                pull(image, job.progress)
                continue
            reason = "its registry cannot be reached"
        except DockerError as error:
            reason = str(error)
        if NODE_IMAGE in job.build_args or defaults.get(NODE_IMAGE) != image:
            raise DockerError(
                f"base image {image} is not here, and {reason}: pull it beforehand, "
                f"or begin the Dockerfile with `ARG {NODE_IMAGE}={image}` and `FROM ${{{NODE_IMAGE}}}`, "
                f"so that a base made on this machine can take its place",
            )
        job.progress(f"base image {image} cannot be had: {reason}")
        with closing(connect()) as client:
            extra[NODE_IMAGE] = base_image(client, job.progress)
    return extra


def _defaults(dockerfile: str) -> dict[str, str]:
    """Return the arguments before the first FROM, which choose base images, with their defaults."""
    first = _FROM.search(dockerfile)
    head = dockerfile[: first.start()] if first is not None else dockerfile
    return {name: default.strip("\"'") for name, default in _ARG.findall(head) if default}


def bases(dockerfile: str, arguments: Mapping[str, str]) -> list[str]:
    """Return the images that a Dockerfile begins from, without its own stages."""
    stages: set[str] = {"scratch"}
    found: list[str] = []
    for image, stage in _FROM.findall(dockerfile):
        resolved = _VARIABLE.sub(lambda match: arguments.get(match[1], ""), image)
        if resolved and resolved.lower() not in stages and resolved not in found:
            found.append(resolved)
        if stage:
            stages.add(stage.lower())
    return found


@functools.cache
def buildkit_client() -> str | None:
    """Return the first `docker` on PATH that can use BuildKit, found by asking each, once for a run."""
    found = (shutil.which("docker", path=folder) for folder in os.get_exec_path())
    commands = {
        str(Path(command).resolve()): command for command in reversed([*found]) if command is not None
    }
    return next((command for command in reversed(commands.values()) if _can_buildkit(command)), None)


def _can_buildkit(command: str) -> bool:
    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                [command, *arguments], capture_output=True, text=True, check=False, timeout=_ASK_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    major = (ask("version", "--format", "{{.Client.Version}}") or "").partition(".")[0]
    if major.isdigit() and int(major) < _BUILDKIT_BUILT_IN_BEFORE:
        return True
    return ask("buildx", "version") is not None


def _with_buildkit(command: str, job: Build) -> str:
    # The daemon that we ask ourselves, and its own builder: no other one sees the daemon's images.
    environment = {
        **os.environ,
        "DOCKER_BUILDKIT": "1",
        "BUILDX_BUILDER": "default",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "DOCKER_HOST": os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
    }
    output = _Output(job)
    with tempfile.TemporaryDirectory() as folder:
        id_file = Path(folder, "id")
        arguments = ["--progress", "plain", "--iidfile", str(id_file), "--tag", job.tag]
        arguments += ["--file", str(job.file)]
        arguments += [*_flags("--build-arg", job.build_args), "--label", f"{LABEL}=image"]
        arguments += ["--target", job.target] if job.target else []
        for number, (identifier, content) in enumerate(job.secrets.items()):
            # The folder is this user's alone, and goes with the build.
            source = Path(folder, f"secret{number}")
            source.write_text(content)
            arguments += ["--secret", f"id={identifier},src={source}"]
        with subprocess.Popen(
            [command, "build", *arguments, str(job.context)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                output.line(line)
        if process.returncode != 0:
            raise output.failure()
        return id_file.read_text().strip()


def _flags(name: str, values: Mapping[str, str]) -> list[str]:
    return [part for key, value in values.items() for part in (name, f"{key}={value}")]


def _classic(job: Build) -> str:
    if job.secrets:
        raise DockerError(
            f"building {job.file} with secrets needs BuildKit: install Docker's buildx plugin "
            "(on Debian: apt-get install docker-buildx)"
        )
    # The docker package does not look for the Dockerfile's own ignore file.
    ignore_files = (job.file.with_name(f"{job.file.name}.dockerignore"), job.context / ".dockerignore")
    patterns = next((file.read_text().splitlines() for file in ignore_files if file.is_file()), list[str]())
    ignored = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    dockerfile: Any = process_dockerfile(str(job.file.resolve()), str(job.context.resolve()))
    archive: Any = tar(job.context, exclude=ignored, dockerfile=dockerfile)
    with archive, docker_engine(f"build {job.file}") as api:
        lines: Iterable[dict[str, Any]] = api.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=dockerfile[0],
            tag=job.tag,
            buildargs=dict(job.build_args),
            target=job.target or "",
            labels={LABEL: "image"},
            rm=True,
            forcerm=True,
            decode=True,
        )
        output = _Output(job)
        for line in lines:
            output.line(str(line.get("stream") or line.get("error") or ""))
            if "error" in line:
                raise output.failure()
        return str(api.inspect_image(job.tag)["Id"])
