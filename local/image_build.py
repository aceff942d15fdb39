"""Builds images: with BuildKit if a Docker client has it, else with the daemon's classic builder."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, contextmanager
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from docker.api.build import process_dockerfile  # pyright: ignore[reportUnknownVariableType]
from docker.utils.build import tar  # pyright: ignore[reportUnknownVariableType]

from local.base_image import base_image
from local.docker import LABEL, DockerError, connect, docker_engine
from local.images import Progress, is_local, pull, registry_digest

NODE_IMAGE: Final = "NODE_IMAGE"
"""Build argument for the base image; its default can be replaced, whatever image it is."""

_LAST_LINES: Final = 20
_CLIENT_SECONDS: Final = 20
_BUILDKIT_BUILT_IN_BEFORE: Final = 23
"""From this version on, a client has BuildKit only with the buildx plugin."""
_FROM: Final = re.compile(
    r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE
)
_ARG: Final = re.compile(r"^\s*ARG\s+(\w+)(?:=(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
_OFFICIAL_NODE: Final = re.compile(r"(?:docker\.io/|public\.ecr\.aws/docker/)?(?:library/)?node(?:[:@]\S+)?")
_FRONTEND: Final = re.compile(r"\A#\s*syntax\s*=\s*(\S+)[^\n]*\n?", re.IGNORECASE)
_CHECKSUM: Final = re.compile(r"#\d+ sha256:")
"""A line of BuildKit's output that is not shown."""
_CACHE_MOUNT: Final = re.compile(
    r"^(\s*RUN\s+(?:--\S+\s+)*?)--mount=type=cache\S*\s+", re.IGNORECASE | re.MULTILINE
)
"""Cache mounts, which the classic builder does not support; a step works without them."""
_VARIABLE: Final = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")


@dataclass(frozen=True)
class Build:
    """An image to build for this machine's processor."""

    context: Path
    """The folder of the build context."""
    _: KW_ONLY
    tag: str
    """Name of the image."""
    dockerfile: Path | None = None
    """Path of the Dockerfile; the context's if None."""
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    """The Dockerfile's build arguments."""
    target: str | None = None
    """Stage to build; the last if None."""
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of `RUN --mount=type=secret,id=...`, by id."""
    progress: Progress = print
    """Called with each line of the builder's output."""
    replacements: Mapping[str, str] = field(default_factory=dict[str, str])
    """Replacements for images in the Dockerfile; added if no registry can be reached."""

    @property
    def file(self) -> Path:
        """The Dockerfile."""
        return self.dockerfile or self.context / "Dockerfile"

    def run(self) -> str:
        """Build, and return the image's id.

        Raises:
            DockerError: no daemon answers, the Dockerfile or a base image is missing, or a step fails.
        """
        if not self.file.is_file():
            raise DockerError(
                f"there is no Dockerfile at {self.file}: create it (`python -m automation init` writes one) "
                "or correct the image's path"
            )
        job = _with_bases(self)
        try:
            return _build(job)
        except DockerError:
            # Another clone's `make down` may have removed the base image meanwhile.
            if all(is_local(image) for image in job.replacements.values() if image):
                raise
        return _build(_with_bases(self))


class _Output:
    """Shows the builder's output, and keeps its last lines for an error."""

    def __init__(self, job: Build) -> None:
        self._job = job
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    def line(self, text: str) -> None:
        if text.strip():
            self._last.append(text.rstrip())
            if not _CHECKSUM.match(text):
                self._job.progress(text.rstrip())

    def failure(self) -> DockerError:
        replaced = [
            f"{base} replaced {image}, which is not available here: it has npm, yarn and pnpm, but no "
            "apt-get, apk or compiler"
            for image, base in self._job.replacements.items()
            if base
        ]
        return DockerError(
            "\n".join([f"building {self._job.file} failed; its last lines:", *self._last, *replaced])
        )


def _build(job: Build) -> str:
    command = buildkit_client()
    return _classic(job) if command is None else _with_buildkit(command, job)


def _with_bases(job: Build) -> Build:
    """Pull every base image; return the build with replacements for those that are not available."""
    dockerfile = job.file.read_text()
    defaults = _defaults(dockerfile)
    replacements: dict[str, str] = {}
    for image in bases(dockerfile, {**defaults, **job.build_args}):
        if (reason := _why_unavailable(image, job.progress)) is None:
            continue
        is_default = NODE_IMAGE not in job.build_args and image == defaults.get(NODE_IMAGE)
        is_official = image != job.build_args.get(NODE_IMAGE) and _OFFICIAL_NODE.fullmatch(image)
        if not (is_default or is_official):
            raise DockerError(
                f"base image {image} is not available, and {reason}: pull it beforehand, "
                f"or begin the Dockerfile with `ARG {NODE_IMAGE}={image}` and `FROM ${{{NODE_IMAGE}}}`, "
                f"so that a base image made on this machine can replace it",
            )
        job.progress(f"base image {image} is not available: {reason}")
        with closing(connect()) as client:
            replacements[image] = base_image(client, job.progress)
        job.progress(f"{replacements[image]} replaces {image}")
    if (frontend := _FRONTEND.match(dockerfile)) and (
        reason := _why_unavailable(frontend[1], None)
    ) is not None:
        job.progress(f"{frontend[1]} is not available, {reason}: the builder's own frontend is used")
        replacements[frontend[1]] = ""
    return replace(job, replacements=replacements)


def _why_unavailable(image: str, progress: Progress | None) -> str | None:
    """Pull an image if the daemon does not have it; return the reason if that is impossible, else None.

    Without `progress` the registry is only asked for the image.
    """
    if is_local(image):
        return None
    try:
        if registry_digest(image) is None:
            return "its registry cannot be reached"
        if progress is not None:
            pull(image, progress)
    except DockerError as error:
        return str(error)
    return None


@contextmanager
def _dockerfile(job: Build, *, has_cache_mounts: bool = True) -> Generator[Path]:
    """Yield the Dockerfile, or an edited copy of it with its ignore file."""
    text = job.file.read_text()
    if not job.replacements and (has_cache_mounts or not _CACHE_MOUNT.search(text)):
        yield job.file
        return
    arguments = {**_defaults(text), **job.build_args}

    def replace_image(match: re.Match[str]) -> str:
        base = job.replacements.get(_resolved(match[1], arguments))
        start, end = match.start(1) - match.start(), match.end(1) - match.start()
        return f"{match[0][:start]}{base}{match[0][end:]}" if base else match[0]

    text = _FROM.sub(replace_image, text)
    while not has_cache_mounts and _CACHE_MOUNT.search(text):
        text = _CACHE_MOUNT.sub(r"\1", text)
    if (frontend := _FRONTEND.match(text)) and frontend[1] in job.replacements:
        text = text[frontend.end() :]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "Dockerfile")
        file.write_text(text)
        if (ignore := _ignore_file(job)) is not None:
            shutil.copy(ignore, f"{file}.dockerignore")
        yield file


def _ignore_file(job: Build) -> Path | None:
    """Return the ignore file: the Dockerfile's own, else the context's."""
    own = job.file.with_name(f"{job.file.name}.dockerignore")
    return next((file for file in (own, job.context / ".dockerignore") if file.is_file()), None)


def _defaults(dockerfile: str) -> dict[str, str]:
    """Return the defaults of the arguments before the first FROM, which choose base images."""
    first = _FROM.search(dockerfile)
    head = dockerfile[: first.start()] if first is not None else dockerfile
    return {name: default.strip("\"'") for name, default in _ARG.findall(head) if default}


def bases(dockerfile: str, arguments: Mapping[str, str]) -> list[str]:
    """Return the images in a Dockerfile's FROM instructions, without its own stages."""
    stages: set[str] = {"scratch"}
    images: list[str] = []
    for image, stage in _FROM.findall(dockerfile):
        resolved = _resolved(image, arguments)
        if resolved and resolved.lower() not in stages and resolved not in images:
            images.append(resolved)
        if stage:
            stages.add(stage.lower())
    return images


def _resolved(image: str, arguments: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: arguments.get(match[1]) or match[2] or "", image)


@functools.cache
def buildkit_client() -> str | None:
    """Return the first `docker` on PATH that can use BuildKit; each is tried once in a run."""
    paths = (shutil.which("docker", path=folder) for folder in os.get_exec_path())
    commands = {
        str(Path(command).resolve()): command for command in reversed([*paths]) if command is not None
    }
    return next((command for command in reversed(commands.values()) if _can_buildkit(command)), None)


def _can_buildkit(command: str) -> bool:
    def output(*arguments: str) -> str | None:
        try:
            completed = subprocess.run(
                [command, *arguments], capture_output=True, text=True, check=False, timeout=_CLIENT_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return completed.stdout.strip() if completed.returncode == 0 else None

    major = (output("version", "--format", "{{.Client.Version}}") or "").partition(".")[0]
    if major.isdigit() and int(major) < _BUILDKIT_BUILT_IN_BEFORE:
        return True
    return output("buildx", "version") is not None


def _with_buildkit(command: str, job: Build) -> str:
    # The same daemon as for other requests, and its own builder: other builders do not have its images.
    environment = {
        **os.environ,
        "DOCKER_BUILDKIT": "1",
        "BUILDX_BUILDER": "default",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
        "DOCKER_HOST": os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock",
    }
    output = _Output(job)
    with tempfile.TemporaryDirectory() as folder, _dockerfile(job) as dockerfile:
        id_file = Path(folder, "id")
        arguments = ["--progress", "plain", "--iidfile", str(id_file), "--tag", job.tag]
        arguments += ["--file", str(dockerfile)]
        arguments += [*_flags("--build-arg", job.build_args), "--label", f"{LABEL}=image"]
        arguments += ["--target", job.target] if job.target else []
        for number, (identifier, content) in enumerate(job.secrets.items()):
            # Only this user can read the folder, which is deleted after the build.
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
    # The docker package does not read a Dockerfile's own ignore file.
    ignore = _ignore_file(job)
    patterns = ignore.read_text().splitlines() if ignore is not None else []
    ignored = [line.strip() for line in patterns if line.strip() and not line.startswith("#")]
    with _dockerfile(job, has_cache_mounts=False) as file:
        # It also reads a file outside the context, such as an edited copy.
        dockerfile: Any = process_dockerfile(str(file.resolve()), str(job.context.resolve()))
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
