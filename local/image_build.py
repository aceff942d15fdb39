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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import DockerException

from local.base_image import base_image
from local.docker import LABEL, DockerError, connect, engine
from local.images import Progress, is_local, pull, registry_digest

NODE_IMAGE: Final = "NODE_IMAGE"
"""Build argument with the base image; its default is the official one."""

_LAST_LINES: Final = 20
_BUILDKIT_BUILT_IN_BEFORE: Final = 23
"""From this version on a client has BuildKit only with the buildx plugin."""
_FROM: Final = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE
)
_ARG: Final = re.compile(r"^\s*ARG\s+(\w+)(?:=(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
_CHECKSUM: Final = re.compile(r"#\d+ sha256:")
"""A line of BuildKit's that tells nobody anything."""
_VARIABLE: Final = re.compile(r"\$\{?(\w+)\}?")


@dataclass(frozen=True, kw_only=True)
class _Job:
    context: Path
    dockerfile: Path
    tag: str
    build_args: Mapping[str, str]
    target: str | None
    labels: Mapping[str, str]
    no_cache: bool
    progress: Progress

    def failed(self, lines: Iterable[str]) -> DockerError:
        return DockerError("\n".join([f"building {self.dockerfile} failed; its last lines:", *lines]))


def build(
    context: Path,
    *,
    tag: str,
    build_args: Mapping[str, str],
    dockerfile: str | None = None,
    target: str | None = None,
    labels: Mapping[str, str] | None = None,
    no_cache: bool = False,
    progress: Progress = print,
) -> str:
    """Build an image for this machine's processor and return its id.

    Args:
        context: folder that is sent to the builder.
        tag: name that the image gets.
        build_args: the Dockerfile's arguments; `NODE_IMAGE` is added where no registry can be reached.
        dockerfile: path of the Dockerfile, the context's own if None.
        target: stage to build, the last if None.
        labels: labels beside ours.
        no_cache: whether to do every step again.
        progress: called with each line that the builder prints.

    Raises:
        DockerError: no daemon, no Dockerfile, no base image, or a step that fails.
    """
    path = Path(dockerfile) if dockerfile is not None else context / "Dockerfile"
    if not path.is_file():
        raise DockerError(f"there is no Dockerfile at {path}: create it, or correct the image's path")
    job = _Job(
        context=context,
        dockerfile=path,
        tag=tag,
        build_args=build_args,
        target=target,
        labels={**(labels or {}), LABEL: "image"},
        no_cache=no_cache,
        progress=progress,
    )
    client = connect()
    try:
        base = _base_arguments(client, job)
        try:
            return _built(client, replace(job, build_args={**build_args, **base}))
        except DockerError:
            # A `make down` beside this one may have taken away the base that was there a moment ago.
            if all(is_local(client, image) for image in base.values()):
                raise
        base = _base_arguments(client, job)
        return _built(client, replace(job, build_args={**build_args, **base}))
    finally:
        client.close()


def _built(client: docker.DockerClient, job: _Job) -> str:
    command = buildkit_client()
    return _classic(client, job) if command is None else _with_buildkit(command, job)


def _base_arguments(client: docker.DockerClient, job: _Job) -> dict[str, str]:
    """Have every base image in the daemon, or return the argument that names one made here."""
    dockerfile = job.dockerfile.read_text()
    defaults = _defaults(dockerfile)
    extra: dict[str, str] = {}
    for image in bases(dockerfile, {**defaults, **job.build_args}):
        if is_local(client, image):
            continue
        try:
            if registry_digest(image) is not None:
                pull(client, image, job.progress)
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
        extra[NODE_IMAGE] = base_image(client, job.progress)
    return extra


def has_fixed_bases(dockerfile: Path, build_args: Mapping[str, str]) -> bool:
    """Whether all base images are named by digest, so that the same files always give the same image."""
    text = dockerfile.read_text()
    return all("@sha256:" in image for image in bases(text, {**_defaults(text), **build_args}))


def _defaults(dockerfile: str) -> dict[str, str]:
    return {name: default.strip("\"'") for name, default in _ARG.findall(_head(dockerfile)) if default}


def _head(dockerfile: str) -> str:
    """Return what stands before the first FROM: arguments there, and only there, choose base images."""
    first = _FROM.search(dockerfile)
    return dockerfile[: first.start()] if first is not None else dockerfile


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
    seen: set[str] = set()
    for folder in os.get_exec_path():
        command = shutil.which("docker", path=folder)
        if command is None or (real := str(Path(command).resolve())) in seen:
            continue
        seen.add(real)
        if _can_buildkit(command):
            return command
    return None


def _can_buildkit(command: str) -> bool:
    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                [command, *arguments], capture_output=True, text=True, check=False, timeout=20
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    version = ask("version", "--format", "{{.Client.Version}}") or ""
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < _BUILDKIT_BUILT_IN_BEFORE:
        return True
    return ask("buildx", "version") is not None


def _with_buildkit(command: str, job: _Job) -> str:
    # The daemon that we ask ourselves, and its own builder: no other one sees the daemon's images.
    environment = {
        **os.environ,
        "DOCKER_BUILDKIT": "1",
        "BUILDX_BUILDER": "default",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "DOCKER_HOST": os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
    }
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with tempfile.TemporaryDirectory() as folder:
        id_file = Path(folder, "id")
        arguments = ["--progress", "plain", "--iidfile", str(id_file)]
        arguments += ["--tag", job.tag, "--file", str(job.dockerfile)]
        arguments += _flags("--build-arg", job.build_args) + _flags("--label", job.labels)
        arguments += ["--target", job.target] if job.target else []
        arguments += ["--no-cache"] if job.no_cache else []
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
                if line.strip():
                    last.append(line.rstrip())
                    if not _CHECKSUM.match(line):
                        job.progress(line.rstrip())
        if process.returncode != 0:
            raise job.failed(last)
        return id_file.read_text().strip()


def _flags(name: str, values: Mapping[str, str]) -> list[str]:
    return [part for key, value in values.items() for part in (name, f"{key}={value}")]


def _classic(client: docker.DockerClient, job: _Job) -> str:
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        lines: Any = engine(client).build(
            path=str(job.context.resolve()),
            dockerfile=str(job.dockerfile.resolve()),
            tag=job.tag,
            buildargs=dict(job.build_args),
            target=job.target or "",
            labels=dict(job.labels),
            nocache=job.no_cache,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for line in lines:
            text = str(line.get("stream") or line.get("error") or "").rstrip()
            if text:
                last.append(text)
                job.progress(text)
            if "error" in line:
                raise job.failed(last)
        return str(engine(client).inspect_image(job.tag)["Id"])
    except DockerException as error:
        raise DockerError(f"cannot build {job.dockerfile}: {error}") from error
