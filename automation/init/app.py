"""The app that a stack deploys: where it is, how it is built, where it listens."""

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
from automation.init.sources import DEFAULT_PORT, Findings, Found
from automation.init.stack_file import AppKeys

_DEFAULT_HEALTH_COMMAND: Final = "health-check.js"
_X86: Final = frozenset({"x86_64", "amd64"})


@dataclass(frozen=True, kw_only=True)
class App:
    """An app, as its folder shows it."""

    root: Path
    """This project's folder."""
    folder: Path
    context: Path
    """The folder that is sent to the build: the app's, or its workspace's."""
    dockerfile: Path
    package: Package | None
    findings: Findings
    recipe: Recipe | None
    """How to build it; None if it has a Dockerfile."""

    @classmethod
    def of(cls, root: Path, folder: Path) -> App:
        """Look at an app.

        Raises:
            AutomationError: there is no such folder, no app in it, or nothing that says how it is started.
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
        recipe = None
        if package is not None and not text:
            port = int(findings.port.value) if findings.port else DEFAULT_PORT
            recipe = Recipe.of(package, workspace, port)
        from_root = workspace is not None and (recipe is not None or _is_built_from(workspace, folder, text))
        return cls(
            root=root,
            folder=folder,
            context=workspace.root.folder if workspace and from_root else folder,
            dockerfile=dockerfile,
            package=package,
            findings=findings,
            recipe=recipe,
        )

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self.findings.port.value) if self.findings.port else DEFAULT_PORT

    @property
    def keys(self) -> AppKeys:
        """What a stack file says of it."""
        is_next = self.package is not None and self.package.depends_on("next")
        folder = "/app"
        if self.context != self.folder:
            folder = f"/app/{self.folder.resolve().relative_to(self.context).as_posix()}"
        return AppKeys(
            path=self._from_root(self.context),
            dockerfile=None if self.context == self.folder else self._from_root(self.dockerfile),
            port=self.port,
            health_path=self.findings.health_path.value if self.findings.health_path else None,
            has_health_command=self.context == self.folder
            and (self.folder / _DEFAULT_HEALTH_COMMAND).is_file(),
            writes_to=(f"{folder}/.next/cache",) if is_next and self.recipe else (),
            public=(("PAGE_DETAILS", "public"),) if self.findings.has_page_details else (),
        )

    @property
    def missing_files(self) -> dict[Path, str]:
        """The Dockerfile and the ignore file that it needs and does not have, with their text."""
        if self.recipe is None:
            return {}
        # An ignore file for this Dockerfile alone goes before that of the folder.
        own = self.context != self.folder
        ignore = self.folder / ("Dockerfile.dockerignore" if own else ".dockerignore")
        files = {self.dockerfile: self.recipe.text()}
        if not ignore.exists():
            project = self.root.resolve()
            context = self.context.resolve()
            inside = project.relative_to(context).as_posix() if project.is_relative_to(context) else ""
            files[ignore] = self.recipe.ignored(project=inside if inside not in {"", "."} else None)
        return files

    def summary(self) -> Iterator[tuple[str, str]]:
        """Yield what was found, each with where."""
        if self.recipe:
            manager, start = self.recipe.manager, self.recipe.start
            yield "packages", f"{manager.name} ({manager.lock or 'no lock file'})"
            yield "Node", str(self.recipe.node)
            yield "start", f"{' '.join(start.command)} ({start.source})"
        else:
            yield "Dockerfile", self._from_root(self.dockerfile)
        yield "port", _shown(self.findings.port, f"{DEFAULT_PORT} (none found; the app gets it as PORT)")
        yield "health check", _shown(self.findings.health_path, "/ (no route such as /healthz found)")

    def remarks(self) -> Iterator[str]:
        """Yield what the user should know."""
        if self.recipe:
            yield from self.recipe.remarks()
        if name := self.findings.loopback:
            yield (
                f"{name} listens at localhost, where no load balancer reaches it: let it listen at 0.0.0.0"
            )
        if self.findings.ends_at_once:
            yield (
                "no handler of SIGTERM was found: let the server close on SIGTERM, or each deployment loses "
                "requests under way"
            )
        if self.findings.closes_early:
            yield (
                "`server.keepAliveTimeout` is not set: Node closes idle connections after 5 s, the load "
                "balancer after 60 s, so some requests fail with 502; set it to 65000"
            )
        if platform.machine().lower() in _X86 and self._runs_commands():
            yield (
                "tasks on AWS have an arm64 processor and this machine has not: to deploy from here set "
                "`architecture: x86_64`, or install QEMU "
                "(`docker run --privileged --rm tonistiigi/binfmt --install arm64`)"
            )

    def _runs_commands(self) -> bool:
        text = self.recipe.text() if self.recipe else self.dockerfile.read_text("utf-8", errors="replace")
        return any(line.strip().upper().startswith("RUN ") for line in text.splitlines())

    def _from_root(self, path: Path) -> str:
        return Path(os.path.relpath(path, self.root)).as_posix()


def _is_built_from(workspace: Workspace, folder: Path, dockerfile: str) -> bool:
    """Whether a Dockerfile copies a lock file that only the workspace has."""
    locks = ("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "pnpm-workspace.yaml")
    return any(
        name in dockerfile and (workspace.root.folder / name).is_file() and not (folder / name).exists()
        for name in locks
    )


def _shown(found: Found | None, otherwise: str) -> str:
    return f"{found.value} ({found.source})" if found else otherwise
