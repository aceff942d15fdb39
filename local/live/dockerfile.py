"""What a Dockerfile makes of each file of its build context: a copy at some place, or something built.

It knows enough of Dockerfiles to be sure of a plain copy. Whatever it is not sure of is built.
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
_SCRIPTS: Final = frozenset({"preinstall", "install", "postinstall", "prepare", "prepublish"})
"""What package managers run of the app's own when they install its packages."""
_INSTALL: Final = re.compile(
    r"(npm (ci|i|install|clean-install|cache|config|prune)|yarn( install)?( --\S+)*$|yarn (install|cache)"
    r"|pnpm (i|install|fetch|store|prune|config))\b.*|yarn"
)
_READS_NOTHING: Final = re.compile(
    r"(apk|apt-get|apt|addgroup|adduser|chmod|chown|corepack|echo|export|groupadd|groupmod|mkdir|set|true"
    r"|update-ca-certificates|useradd|usermod)\b.*|rm( -\w+)*( [/~]\S*)+"
)
_BETWEEN: Final = re.compile(r"&&|\|\||;|\n")
_FLAG: Final = re.compile(r"--([a-z-]+)(?:=(\S+))?\s+")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")
_KNOWN_FLAGS: Final = frozenset({"chown", "chmod", "link"})
_LONGEST: Final = 60
_ARCHIVE: Final = re.compile(r"\.(tar|tgz|tbz2?|txz|gz|bz2|xz|zst)$|^https?://|^git@")


@dataclass(frozen=True)
class Copied:
    """A file that is in the image as it is."""

    place: str
    """Absolute path in the image."""


@dataclass(frozen=True)
class Built:
    """A file that the image is made from in another way."""

    why: str


@dataclass(frozen=True)
class _Instruction:
    line: int
    name: str
    value: str
    workdir: str
    variables: Mapping[str, str]

    @property
    def flags(self) -> list[tuple[str, str]]:
        own = self.value[: len(self.value) - len(self.rest)]
        return [(match[1], match[2] or "") for match in _FLAG.finditer(own)]

    @property
    def rest(self) -> str:
        """The value without its flags."""
        rest = self.value
        while match := _FLAG.match(rest):
            rest = rest[match.end() :]
        return rest

    @property
    def words(self) -> list[str]:
        words = self.rest.split()
        with suppress(ValueError):
            # `COPY true a` and `RUN true` are not lists of texts.
            listed = json.loads(self.rest)
            if isinstance(listed, list):
                words = [str(one) for one in cast("list[object]", listed)]
        return [_filled(word, self.variables) for word in words]


@dataclass
class _Stage:
    name: str
    parent: int | None
    """Place of the stage that it continues; None if it begins with an image."""
    instructions: list[_Instruction] = field(default_factory=list[_Instruction])
    workdir: str = "/"
    variables: dict[str, str] = field(default_factory=dict[str, str])


class Dockerfile:
    """A Dockerfile, for one set of arguments and one stage."""

    def __init__(
        self,
        text: str,
        *,
        arguments: Mapping[str, str] | None = None,
        target: str | None = None,
        scripts: Sequence[str] = (),
    ) -> None:
        """Read it.

        Args:
            text: what it says.
            arguments: build arguments.
            target: stage to build; None for the last.
            scripts: names of the scripts in the app's package.json: some of them make of `npm ci` something
                that reads the app.
        """
        self._installs_read = sorted(_SCRIPTS & {*scripts})
        stages = _stages(text, arguments or {})
        last = _find(stages, target) if target is not None else len(stages) - 1
        self._chain: list[_Instruction] = []
        self._others: list[tuple[str, _Instruction]] = []
        self._workdirs: set[str] = {"/"}
        if last is None or not stages:
            return
        own: list[int] = []
        place: int | None = last
        while place is not None:
            own.insert(0, place)
            self._chain = stages[place].instructions + self._chain
            place = stages[place].parent
        self._workdirs |= {one.workdir for one in self._chain}
        for number in _fed_by(stages, own) - {*own}:
            self._others += [(stages[number].name, one) for one in stages[number].instructions]

    def effect(self, name: str) -> Copied | Built | None:
        """Return what becomes of a file of the context; None if the image does not have it.

        Args:
            name: the file, relative to the context.
        """
        if posixpath.basename(name) in _MANIFESTS:
            return Built("the packages or the build are described there")
        for stage, one in self._others:
            if self._takes(one, name):
                return Built(f"stage {stage} takes it in line {one.line}")
        effect: Copied | Built | None = None
        for one in self._chain:
            if one.name == "RUN" and (effect is not None or _mounts(one, name)) and self._reads(one):
                return Built(f"line {one.line}, `{_short(one)}`, may read it")
            if one.name in {"COPY", "ADD"} and (found := self._place(one, name)) is not None:
                effect = found
                if isinstance(found, Built):
                    return found
        return effect

    def _takes(self, one: _Instruction, name: str) -> bool:
        if one.name == "RUN":
            return _mounts(one, name)
        return one.name in {"COPY", "ADD"} and self._place(one, name) is not None

    def _reads(self, one: _Instruction) -> bool:
        """Whether a RUN may make something of the app's files."""
        rest = one.rest
        text = " ".join(one.words) if rest.startswith("[") else rest
        commands = [" ".join(command.split()) for command in _BETWEEN.split(text)]
        return not all(
            _READS_NOTHING.fullmatch(command) or (not self._installs_read and _INSTALL.fullmatch(command))
            for command in commands
            if command
        )

    def _place(self, one: _Instruction, name: str) -> Copied | Built | None:
        *sources, target = one.words or [""]
        flags = dict(one.flags)
        if "from" in flags or not sources or sources[0].startswith("<<"):
            return None
        unknown = flags.keys() - _KNOWN_FLAGS or any("$" in word for word in (*sources, target, one.workdir))
        for source in sources:
            if unknown or (one.name == "ADD" and _ARCHIVE.search(source)):
                return Built(f"line {one.line}, `{_short(one)}`, is not a plain copy")
            if (rest := _within(source, name)) is not None:
                whole = posixpath.normpath(posixpath.join(one.workdir, target))
                into = target.endswith(("/", "/.")) or target == "." or len(sources) > 1 or "*" in source
                own = posixpath.basename(name) if into or whole in self._workdirs else ""
                return Copied(posixpath.normpath(posixpath.join(whole, rest or own)))
        return None


def _stages(text: str, arguments: Mapping[str, str]) -> list[_Stage]:
    parser: Any = DockerfileParser(fileobj=cast("Any", io.BytesIO(text.encode())))
    common: dict[str, str] = {}
    """Arguments before the first FROM."""
    stages: list[_Stage] = []
    for raw in parser.structure:
        name, value, line = str(raw["instruction"]), str(raw["value"]), int(raw["startline"]) + 1
        if name == "FROM":
            words = [_filled(word, common) for word in value.split() if not word.startswith("--")]
            # Somebody may be writing it still.
            parent = _find(stages, words[0]) if words else None
            stage = _Stage(words[2] if len(words) > 2 else str(len(stages)), parent)  # noqa: PLR2004
            if parent is not None:
                stage.workdir, stage.variables = stages[parent].workdir, {**stages[parent].variables}
            stages.append(stage)
        elif name == "ARG":
            known = {**common, **arguments}
            found = {key: known.get(key, default) for key, default in _pairs(value).items()}
            (stages[-1].variables if stages else common).update(found)
        elif stages and name != "COMMENT":
            stage = stages[-1]
            if name == "ENV":
                stage.variables |= _pairs(value)
            elif name == "WORKDIR":
                folder = _filled(value.strip("\"'"), stage.variables)
                stage.workdir = posixpath.normpath(posixpath.join(stage.workdir, folder))
            own = _Instruction(line, name, value, stage.workdir, {**stage.variables})
            stage.instructions.append(own)
    return stages


def _find(stages: Sequence[_Stage], name: str) -> int | None:
    """Return the place of the latest stage with a name or number."""
    for place in reversed(range(len(stages))):
        if stages[place].name.lower() == name.lower() or str(place) == name:
            return place
    return None


def _fed_by(stages: Sequence[_Stage], first: Iterable[int]) -> set[int]:
    """Return stages, and those that they continue or take files from."""
    found: set[int] = set()
    left = [*first]
    while left:
        number = left.pop()
        if number in found:
            continue
        found.add(number)
        stage = stages[number]
        sources = [stage.parent]
        for one in stage.instructions:
            sources += [_find(stages[:number], value) for key, value in one.flags if key == "from"]
            sources += [_find(stages[:number], mount.get("from", "")) for mount in _mounts_of(one)]
        left += [source for source in sources if source is not None]
    return found


def _mounts_of(one: _Instruction) -> Iterator[Mapping[str, str]]:
    """Yield the bind mounts of a RUN."""
    for key, value in one.flags if one.name == "RUN" else ():
        options = {key: text for key, _, text in (part.partition("=") for part in value.split(","))}
        if key == "mount" and options.get("type", "bind") == "bind":
            yield options


def _mounts(one: _Instruction, name: str) -> bool:
    """Whether a RUN has a file of the context before it."""
    return any(
        _within(mount.get("source") or mount.get("src") or ".", name) is not None
        for mount in _mounts_of(one)
        if "from" not in mount
    )


def _within(source: str, name: str) -> str | None:
    """Return the rest of a file's name below what COPY names: "" for the file itself, None for another."""
    wanted = posixpath.normpath(source).strip("/").split("/")
    parts = name.split("/")
    if wanted == ["."]:
        return name
    if len(parts) < len(wanted) or not all(map(fnmatchcase, parts, wanted)):
        return None
    return "/".join(parts[len(wanted) :])


def _pairs(value: str) -> dict[str, str]:
    """Return the names and values of ENV and ARG."""
    try:
        words = shlex.split(value)
    except ValueError:
        return {}
    if len(words) > 1 and "=" not in words[0]:
        # ENV's old form: a name and its value.
        return {words[0]: " ".join(words[1:])}
    return {name: text for name, _, text in (word.partition("=") for word in words)}


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """Fill variables in; one that has no value stays, and is seen by its `$`."""
    return _VARIABLE.sub(lambda match: variables.get(match[1]) or match[2] or match[0], text)


def _short(one: _Instruction) -> str:
    text = f"{one.name} {' '.join(one.rest.split())}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
