"""Whether a Dockerfile copies a file of its build context unchanged, or builds something from it.

Only plain copies are recognised. Everything else counts as built.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, cast

from dockerfile_parse import DockerfileParser

_MANIFESTS: Final = frozenset({
    "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock",
    "pnpm-workspace.yaml", ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", "Dockerfile", ".dockerignore",
})  # fmt: skip
_INSTALL_SCRIPTS: Final = frozenset({"preinstall", "install", "postinstall", "prepare", "prepublish"})
"""Scripts in the app's package.json that package managers run during an installation."""
_INSTALLATION: Final = re.compile(
    r"(npm (ci|i|install|clean-install|cache|config|prune)|yarn( install)?( --\S+)*$|yarn (install|cache)"
    r"|pnpm (i|install|fetch|store|prune|config))\b.*|yarn"
)
_READS_NO_FILES: Final = re.compile(
    r"(apk|apt-get|apt|addgroup|adduser|chmod|chown|corepack|echo|export|groupadd|groupmod|mkdir|set|true"
    r"|update-ca-certificates|useradd|usermod)\b.*|rm( -\w+)*( [/~]\S*)+"
)
_COMMAND_SEPARATOR: Final = re.compile(r"&&|\|\||;|\n")
_FLAG: Final = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")
_COPY_FLAGS: Final = frozenset({"chown", "chmod", "link"})
"""Flags of COPY and ADD that do not change where files are copied."""
_UNPACKED: Final = re.compile(r"\.(tar|tgz|tbz2?|txz|gz|bz2|xz|zst)$|^https?://|^git@")
_LONGEST: Final = 60


@dataclass(frozen=True)
class Copied:
    """A file that the image has unchanged."""

    path: str
    """Absolute path in the image."""


@dataclass(frozen=True)
class Built:
    """A file that the image is built from in another way."""

    reason: str


@dataclass(frozen=True)
class _Instruction:
    line: int
    name: str
    value: str
    workdir: str
    variables: Mapping[str, str]

    @property
    def flags(self) -> list[tuple[str, str]]:
        flags = self.value[: len(self.value) - len(self.arguments)]
        return [(match[1], match[2] or "") for match in _FLAG.finditer(flags)]

    @property
    def arguments(self) -> str:
        """The value without its flags."""
        rest = self.value
        while match := _FLAG.match(rest):
            rest = rest[match.end() :]
        return rest

    @property
    def words(self) -> list[str]:
        """The arguments, from the JSON form or the plain one, with variables replaced."""
        words = self.arguments.split()
        with suppress(ValueError):
            # `COPY true a` and `RUN true` are valid JSON, too, but no lists.
            parsed = json.loads(self.arguments)
            if isinstance(parsed, list):
                words = [str(word) for word in cast("list[object]", parsed)]
        return [_substitute(word, self.variables) for word in words]

    @property
    def mounts(self) -> Iterator[Mapping[str, str]]:
        """The bind mounts of a RUN."""
        for flag, value in self.flags if self.name == "RUN" else ():
            options = {key: text for key, _, text in (part.partition("=") for part in value.split(","))}
            if flag == "mount" and options.get("type", "bind") == "bind":
                yield options

    def mounts_file(self, name: str) -> bool:
        """Whether a RUN mounts a file of the context."""
        return any(
            _match(mount.get("source") or mount.get("src") or ".", name) is not None
            for mount in self.mounts
            if "from" not in mount
        )

    def __str__(self) -> str:
        text = f"{self.name} {' '.join(self.arguments.split())}"
        return f"line {self.line}, `{text if len(text) <= _LONGEST else f'{text[: _LONGEST - 1]}…'}`,"


@dataclass
class _Stage:
    name: str
    base: int | None
    """Index of the stage that it continues; None if it starts from an image."""
    instructions: list[_Instruction] = field(default_factory=list[_Instruction])
    workdir: str = "/"
    variables: dict[str, str] = field(default_factory=dict[str, str])


class Dockerfile:
    """A Dockerfile, for given build arguments and one stage."""

    def __init__(
        self,
        text: str,
        *,
        arguments: Mapping[str, str] | None = None,
        target: str | None = None,
        scripts: Sequence[str] = (),
    ) -> None:
        """Parse it.

        Args:
            text: content of the Dockerfile.
            arguments: build arguments.
            target: stage to build; None for the last.
            scripts: names of the scripts in the app's package.json, some of which run with `npm ci`.
        """
        self._installation_reads_files = bool(_INSTALL_SCRIPTS & {*scripts})
        stages = _stages(text, arguments or {})
        index = _find(stages, target) if target is not None else len(stages) - 1 if stages else None
        chain: list[int] = []
        while index is not None:
            chain.insert(0, index)
            index = stages[index].base
        self._instructions = [item for number in chain for item in stages[number].instructions]
        """Of the built stage, and of the stages that it continues."""
        self._others = [
            (stages[number].name, item)
            for number in _with_sources(stages, chain) - {*chain}
            for item in stages[number].instructions
        ]
        """Of the stages that the built one copies from, with the stage's name."""
        self._workdirs = {"/", *(item.workdir for item in self._instructions)}

    def effect(self, name: str) -> Copied | Built | None:
        """Return the use of a file of the context; None if the image does not have it.

        Args:
            name: path of the file, relative to the context.
        """
        if posixpath.basename(name) in _MANIFESTS:
            return Built("it describes the packages or the build")
        for stage, item in self._others:
            if item.mounts_file(name) or self._copy(item, name) is not None:
                return Built(f"stage {stage} uses it in line {item.line}")
        effect: Copied | Built | None = None
        for item in self._instructions:
            if item.name == "RUN" and (effect or item.mounts_file(name)) and self._reads_files(item):
                return Built(f"{item} may read it")
            if (copy := self._copy(item, name)) is not None:
                effect = copy
                if isinstance(copy, Built):
                    return copy
        return effect

    def _reads_files(self, run: _Instruction) -> bool:
        """Whether a RUN may read files of the app."""
        text = " ".join(run.words) if run.arguments.startswith("[") else run.arguments
        commands = [" ".join(command.split()) for command in _COMMAND_SEPARATOR.split(text)]
        return not all(
            _READS_NO_FILES.fullmatch(command)
            or (not self._installation_reads_files and _INSTALLATION.fullmatch(command))
            for command in commands
            if command
        )

    def _copy(self, item: _Instruction, name: str) -> Copied | Built | None:
        """Return the effect of a COPY or ADD on a file; None if it does not copy the file."""
        *sources, target = item.words or [""]
        flags = dict(item.flags)
        if item.name not in {"COPY", "ADD"} or "from" in flags or not sources or sources[0].startswith("<<"):
            return None
        unclear = flags.keys() - _COPY_FLAGS or any("$" in word for word in (*sources, target, item.workdir))
        for source in sources:
            if unclear or (item.name == "ADD" and _UNPACKED.search(source)):
                return Built(f"{item} is not a plain copy")
            if (rest := _match(source, name)) is not None:
                path = posixpath.normpath(posixpath.join(item.workdir, target))
                into = target.endswith(("/", "/.")) or target == "." or len(sources) > 1 or "*" in source
                file = posixpath.basename(name) if into or path in self._workdirs else ""
                return Copied(posixpath.normpath(posixpath.join(path, rest or file)))
        return None


def _stages(text: str, arguments: Mapping[str, str]) -> list[_Stage]:
    parser: Any = DockerfileParser(fileobj=cast("Any", io.BytesIO(text.encode())))
    global_variables: dict[str, str] = {}
    """Arguments before the first FROM."""
    stages: list[_Stage] = []
    for raw in parser.structure:
        name, value, line = str(raw["instruction"]), str(raw["value"]), int(raw["startline"]) + 1
        if name == "FROM":
            words = [
                _substitute(word, global_variables) for word in value.split() if not word.startswith("--")
            ]
            # The user may be editing the file: a FROM without an image is possible.
            base = _find(stages, words[0]) if words else None
            stage = _Stage(words[2] if len(words) > 2 else str(len(stages)), base)  # noqa: PLR2004 -- AS
            if base is not None:
                stage.workdir, stage.variables = stages[base].workdir, {**stages[base].variables}
            stages.append(stage)
        elif name == "ARG":
            values = {**global_variables, **arguments}
            declared = {key: values.get(key, default) for key, default in _assignments(value).items()}
            (stages[-1].variables if stages else global_variables).update(declared)
        elif stages and name != "COMMENT":
            stage = stages[-1]
            if name == "ENV":
                stage.variables |= _assignments(value)
            elif name == "WORKDIR":
                folder = _substitute(value.strip("\"'"), stage.variables)
                stage.workdir = posixpath.normpath(posixpath.join(stage.workdir, folder))
            stage.instructions.append(_Instruction(line, name, value, stage.workdir, {**stage.variables}))
    return stages


def _find(stages: Sequence[_Stage], name: str) -> int | None:
    """Return the index of the latest stage with a name or number."""
    for index in reversed(range(len(stages))):
        if stages[index].name.lower() == name.lower() or str(index) == name:
            return index
    return None


def _with_sources(stages: Sequence[_Stage], indices: Iterable[int]) -> set[int]:
    """Return stages, and those that they continue or copy from."""
    reached: set[int] = set()
    pending = [*indices]
    while pending:
        index = pending.pop()
        if index not in reached:
            reached.add(index)
            names = [
                *(
                    value
                    for item in stages[index].instructions
                    for flag, value in item.flags
                    if flag == "from"
                ),
                *(mount.get("from", "") for item in stages[index].instructions for mount in item.mounts),
            ]
            sources = [stages[index].base, *(_find(stages[:index], name) for name in names)]
            pending += [source for source in sources if source is not None]
    return reached


def _match(source: str, name: str) -> str | None:
    """Return a file's path below the source of a copy: "" for the source itself, None outside of it."""
    pattern = posixpath.normpath(source).strip("/").split("/")
    parts = name.split("/")
    if pattern == ["."]:
        return name
    if len(parts) < len(pattern) or not all(map(fnmatchcase, parts, pattern)):
        return None
    return "/".join(parts[len(pattern) :])


def _assignments(value: str) -> dict[str, str]:
    """Return the names and values of ENV and ARG."""
    try:
        words = shlex.split(value)
    except ValueError:
        return {}
    if len(words) > 1 and "=" not in words[0]:
        # ENV's old form: a name and its value.
        return {words[0]: " ".join(words[1:])}
    return {name: text for name, _, text in (word.partition("=") for word in words)}


def _substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replace variables by their values; one without a value remains, with its `$`."""
    return _VARIABLE.sub(lambda match: variables.get(match[1]) or match[2] or match[0], text)
