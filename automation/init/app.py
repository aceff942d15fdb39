"""The app that a stack deploys: its folder, its build, its port."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automation.errors import AutomationError
from automation.init.dockerfile import Recipe
from automation.init.package import Package, Workspace
from automation.init.sources import DEFAULT_PORT, Finding, Findings
from automation.init.stack_file import AppKeys

_HEALTH_COMMAND: Final = "health-check.js"
_X86: Final = frozenset({"x86_64", "amd64"})
_LOCKS: Final = ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "pnpm-workspace.yaml")


@dataclass(frozen=True, kw_only=True)
class App:
    """An app, as its folder shows it."""

    root: Path
    """This project's folder."""
    folder: Path
    context: Path
    """The folder that is sent to the build: the app's, or its workspace's."""
    dockerfile: Path
    findings: Findings
    recipe: Recipe | None
    """How to build it; None if it has a Dockerfile."""

    @classmethod
    def of(cls, root: Path, folder: Path) -> App:
        """Read an app.

        Raises:
            AutomationError: the folder does not exist, has no app, or does not show how the app is started.
        """
        if not folder.is_dir():
            raise AutomationError(f"there is no folder {folder}: name the app's folder by --app-path")
        package, dockerfile = Package.read(folder), folder / "Dockerfile"
        if dockerfile.is_dir():
            raise AutomationError(f"{dockerfile} is a folder: give it another name, and run this again")
        if package is None and not dockerfile.is_file():
            raise AutomationError(
                f"{folder} has neither a Dockerfile nor a package.json: name the app's folder by --app-path"
            )
        text = dockerfile.read_text("utf-8", errors="replace") if dockerfile.is_file() else ""
        findings = Findings.of(folder, package, text)
        workspace = Workspace.around(folder) if package else None
        recipe = None if package is None or text else Recipe.of(package, workspace, findings.port_number)
        context = folder
        if workspace and (recipe or _copies_lock_of(workspace, folder, text)):
            context = workspace.root.folder
        return cls(
            root=root, folder=folder, context=context, dockerfile=dockerfile, findings=findings, recipe=recipe
        )

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self.findings.port_number

    @property
    def keys(self) -> AppKeys:
        """Its values in a stack file."""
        recipe, is_alone = self.recipe, self.context == self.folder
        folder = "" if is_alone else f"/{self.folder.resolve().relative_to(self.context).as_posix()}"
        secrets = recipe.build_secrets if recipe else {}
        return AppKeys(
            path=self._from_root(self.context),
            dockerfile=None if is_alone else self._from_root(self.dockerfile),
            port=self.port,
            health_path=self.findings.health_path.value if self.findings.health_path else None,
            has_health_command=is_alone and (self.folder / _HEALTH_COMMAND).is_file(),
            writes_to=(f"/app{folder}/.next/cache",) if recipe and recipe.package.depends_on("next") else (),
            public_variables={"PAGE_DETAILS": "public"} if self.findings.has_page_details else {},
            build_secrets={name: self._from_root(file) for name, file in secrets.items()},
        )

    @property
    def missing_files(self) -> dict[Path, str]:
        """The Dockerfile and the ignore file that it lacks, with their text."""
        if self.recipe is None:
            return {}
        # An ignore file for this Dockerfile alone has precedence over that of the folder.
        is_alone = self.context == self.folder
        ignore = self.folder / (".dockerignore" if is_alone else "Dockerfile.dockerignore")
        files = {self.dockerfile: self.recipe.text()}
        if not ignore.exists():
            project, context = self.root.resolve(), self.context.resolve()
            is_inside = project != context and project.is_relative_to(context)
            files[ignore] = self.recipe.ignored(
                project.relative_to(context).as_posix() if is_inside else None
            )
        return files

    def summary(self) -> Iterator[tuple[str, str]]:
        """Yield what was detected, each with its source."""
        if self.recipe:
            manager, start = self.recipe.manager, self.recipe.start
            yield "packages", f"{manager.name} ({manager.lock or 'no lock file'})"
            yield "Node", str(self.recipe.node)
            yield "start", f"{' '.join(start.command)} ({start.source})"
        else:
            yield "Dockerfile", self._from_root(self.dockerfile)
        yield "port", _shown(self.findings.port, f"{DEFAULT_PORT} (the default; the app gets it as PORT)")
        yield "health check", _shown(self.findings.health_path, "/ (no route such as /healthz found)")

    def remarks(self) -> Iterator[str]:
        """Yield advice for the user."""
        if self.recipe:
            yield from self.recipe.remarks()
        yield from self.findings.remarks()
        text = self.recipe.text() if self.recipe else self.dockerfile.read_text("utf-8", errors="replace")
        runs_commands = any(line.strip().upper().startswith("RUN ") for line in text.splitlines())
        if platform.machine().lower() in _X86 and runs_commands:
            yield (
                "tasks on AWS have an arm64 processor, and this machine does not: to deploy from here set"
                " `architecture: x86_64`, or install QEMU"
                " (`docker run --privileged --rm tonistiigi/binfmt --install arm64`)"
            )

    def _from_root(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root)).as_posix()


def _copies_lock_of(workspace: Workspace, folder: Path, dockerfile: str) -> bool:
    """Whether a Dockerfile copies a lock file that only the workspace has."""
    return any(
        name in dockerfile and (workspace.root.folder / name).is_file() and not (folder / name).exists()
        for name in _LOCKS
    )


def _shown(finding: Finding | None, otherwise: str) -> str:
    return f"{finding.value} ({finding.source})" if finding else otherwise
