"""The command that starts an app in production, so that SIGTERM reaches the app."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from automation.errors import AutomationError
from automation.init.package import Package

SCRIPTS: Final = ("start:prod", "start:production", "start")
"""Scripts that start the app, those for production first."""
_FILES: Final = ("server.js", "index.js", "app.js", "main.js", "src/server.js", "src/index.js", "src/app.js")
_RUNS_SCRIPT: Final = re.compile(r"^(?:npm|pnpm|yarn)(?:\s+run)?\s+([\w:.-]+)$")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NEEDS_SHELL: Final = re.compile(r"&&|\|\||[;|<>$`*]")
_DEEPEST: Final = 5
_FOR_DEVELOPMENT: Final = re.compile(r"--(?:watch(?:-path)?|inspect(?:-brk)?|env-file)(?:=.*)?")
_PACKAGES_OF_PROGRAMS: Final = {
    "nest": "@nestjs/cli",
    "remix-serve": "@remix-run/serve",
    "react-router-serve": "@react-router/serve",
    "strapi": "@strapi/strapi",
    "tsc": "typescript",
    "prisma": "prisma",
}
_SYSTEM: Final = frozenset({"node", "sh", "bash", "npx", "npm", "yarn", "pnpm"})
NUXT_SERVER: Final = ("node", ".output/server/index.mjs")
"""What Nuxt builds is a server; its `start` or `preview` script is for development."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """How an app is started."""

    command: tuple[str, ...]
    """In exec form."""
    source: str
    """The script, file or framework that has it."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables of the script."""
    programs: frozenset[str] = frozenset()
    """Programs of packages in it."""

    def development_packages(self, package: Package) -> list[str]:
        """Return the packages of its programs that production would not install."""
        named = (_PACKAGES_OF_PROGRAMS.get(program, program) for program in self.programs)
        return sorted(name for name in named if package.is_for_development(name))


def start_of(package: Package) -> Start:
    """Return the start of an app: a script, its main file, or a file with a usual name.

    Raises:
        AutomationError: there is none.
    """
    scripts, main = package.scripts, package.text("main")
    if package.depends_on("nuxt") and not scripts.get("start", "").startswith("node "):
        return Start(command=NUXT_SERVER, source="nuxt's own server")
    for name in SCRIPTS:
        if text := scripts.get(name, "").strip():
            return _of_script(text, scripts, f"script {name}")
    files = (file for file in (main, *_FILES) if file and _exists(package.folder, file))
    # A build writes the main file.
    if file := main if "build" in scripts else next(files, None):
        return Start(command=("node", file.removeprefix("./")), source=file)
    raise AutomationError(
        f"{package.folder / 'package.json'} has no start of the app: add a script, such as "
        '`npm pkg set scripts.start="node server.js"`, and run this again'
    )


def _exists(folder: Path, file: str) -> bool:
    return (folder / file).is_file() or (folder / f"{file}.js").is_file()


def _of_script(text: str, scripts: Mapping[str, str], source: str) -> Start:
    for _ in range(_DEEPEST):
        match = _RUNS_SCRIPT.match(text)
        inner = scripts.get(match[1], "").strip() if match else ""
        text = inner or text
    try:
        words = [] if _NEEDS_SHELL.search(text) else shlex.split(text)
    except ValueError:
        words = []
    variables: dict[str, str] = {}
    while words and (words[0] in {"cross-env", "env"} or _ASSIGNMENT.fullmatch(words[0])):
        name, _, value = words.pop(0).partition("=")
        # The image sets NODE_ENV, and the stack PORT.
        if name not in {"cross-env", "env", "NODE_ENV", "PORT"}:
            variables[name] = value
    if not words:
        return _by_shell(text, source)
    if words[0] == "nodemon" and "--exec" not in words and "-x" not in words:
        words[0] = "node"
    words = _without_port([word for word in words if not _FOR_DEVELOPMENT.fullmatch(word)])
    programs = frozenset({words[0]} - _SYSTEM)
    return Start(command=tuple(words), source=source, variables=variables, programs=programs)


def _by_shell(text: str, source: str) -> Start:
    """Return a start by a shell that runs what comes first, and is replaced by the app."""
    first, joined, last = (part.strip() for part in text.rpartition("&&"))
    is_assignment = _ASSIGNMENT.fullmatch(last.partition(" ")[0]) is not None
    # In a pipe, or in several commands, none alone is the app.
    is_plain = bool(last) and not re.search(r"\|\||[;|]", last)
    script = f"{first} {joined} exec {'env ' if is_assignment else ''}{last}".strip() if is_plain else text
    commands = [
        next((word for word in part.split() if not _ASSIGNMENT.fullmatch(word)), "")
        for part in re.split(r"&&|\|\||[;|]", text)
    ]
    programs = {command for command in commands if re.fullmatch(r"[\w-]+", command)}
    return Start(command=("sh", "-c", script), source=source, programs=frozenset(programs - _SYSTEM))


def _without_port(words: list[str]) -> list[str]:
    """Return a command without the option of Next.js for a fixed port: the stack sets PORT."""
    for option in ("-p", "--port"):
        if words[0] == "next" and option in words[:-1]:
            at = words.index(option)
            return [*words[:at], *words[at + 2 :]]
    return words
