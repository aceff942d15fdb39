"""The command that starts an app in production, in a form in which SIGTERM reaches the app."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from automation.errors import AutomationError
from automation.init.package import Package

_SCRIPTS: Final = ("start:prod", "start:production", "start")
"""Scripts that start the app, the one for production first."""
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
_OWN_SERVERS: Final = {
    # What these build is a server by itself; their `start` or `preview` is for development.
    "nuxt": ("node", ".output/server/index.mjs")
}


@dataclass(frozen=True, kw_only=True)
class Start:
    """How an app is started."""

    command: tuple[str, ...]
    """In exec form."""
    source: str
    """Where that is from."""
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables that the script sets."""
    programs: frozenset[str] = frozenset()
    """Programs of packages that it calls."""

    def development_packages(self, package: Package) -> list[str]:
        """Return packages that it calls, and that production would not install."""
        named = (_PACKAGES_OF_PROGRAMS.get(program, program) for program in self.programs)
        return sorted(name for name in named if package.is_for_development(name))


def start_of(package: Package) -> Start:
    """Return how an app is started: by its script for production, its main file, or a file of a common name.

    Raises:
        AutomationError: there is none of them.
    """
    scripts = package.scripts
    for framework, command in _OWN_SERVERS.items():
        if package.depends_on(framework) and not scripts.get("start", "").startswith("node "):
            return Start(command=command, source=f"{framework}'s own server")
    for name in _SCRIPTS:
        if text := scripts.get(name, "").strip():
            return _of_script(text, scripts, f"script {name}")
    folder = package.folder
    files = [package.text("main"), *_FILES] if "build" not in scripts else [package.text("main")]
    for file in files:
        if file and (_exists(folder, file) or "build" in scripts):
            return Start(command=("node", file.removeprefix("./")), source=file)
    raise AutomationError(
        f"{folder / 'package.json'} does not say how the app is started: add a script, such as "
        '`npm pkg set scripts.start="node server.js"`, and run this again'
    )


def _exists(folder: Path, file: str) -> bool:
    return (folder / file).is_file() or (folder / f"{file}.js").is_file()


def _of_script(text: str, scripts: Mapping[str, str], source: str) -> Start:
    for _ in range(_DEEPEST):
        found = _RUNS_SCRIPT.match(text)
        if not found or not scripts.get(found[1], "").strip():
            break
        text = scripts[found[1]].strip()
    if _NEEDS_SHELL.search(text):
        return _by_shell(text, source)
    try:
        words = shlex.split(text)
    except ValueError:
        return _by_shell(text, source)
    variables: dict[str, str] = {}
    while words and (words[0] in {"cross-env", "env"} or _ASSIGNMENT.fullmatch(words[0])):
        if found := _ASSIGNMENT.fullmatch(words[0]):
            variables[found[1]] = found[2]
        words = words[1:]
    if not words:
        return _by_shell(text, source)
    if words[0] == "nodemon" and "--exec" not in words and "-x" not in words:
        words[0] = "node"
    words = _without_port([word for word in words if not _FOR_DEVELOPMENT.fullmatch(word)])
    for name in ("NODE_ENV", "PORT"):
        # The first is set for all, the second by the stack.
        variables.pop(name, None)
    programs = frozenset({words[0]} - _SYSTEM)
    return Start(command=tuple(words), source=source, variables=variables, programs=programs)


def _by_shell(text: str, source: str) -> Start:
    """Let a shell run what comes first, and give way to the app itself."""
    first, joined, last = text.rpartition("&&")
    last = last.strip()
    replaced = f"exec env {last}" if _ASSIGNMENT.fullmatch(last.partition(" ")[0]) else f"exec {last}"
    # Of a pipe, or of several commands in a row, no single one is the app.
    is_plain = bool(last) and not re.search(r"\|\||[;|]", last)
    script = f"{first}{joined} {replaced}".strip() if is_plain else text
    parts = re.split(r"&&|\|\||[;|]", text)
    programs = {
        word
        for part in parts
        for word in [next((one for one in part.split() if not _ASSIGNMENT.fullmatch(one)), "")]
        if re.fullmatch(r"[\w-]+", word)
    }
    return Start(command=("sh", "-c", script), source=source, programs=frozenset(programs - _SYSTEM))


def _without_port(words: list[str]) -> list[str]:
    """Leave out the option by which Next.js listens on a fixed port: the stack sets PORT."""
    for option in ("-p", "--port"):
        if words[0] == "next" and option in words[:-1]:
            at = words.index(option)
            return [*words[:at], *words[at + 2 :]]
    return words
