"""The Dockerfile and the ignore file of an app without a Dockerfile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from automation.init.manager import PackageManager
from automation.init.package import Package, Workspace, read_text
from automation.init.start import NUXT_SERVER, Start, start_of

_HEAD: Final = (
    "# Written by `python -m automation init`, and yours to change: it is not written again.",
    "# Where no registry can be reached, any image with Node will do: `--build-arg NODE_IMAGE=...`.",
)
_USER: Final = (
    "# By number, so that ECS can see that it is not root. The app can write to /tmp alone.",
    "USER 1000:1000",
)
_FINAL: Final = ("FROM ${NODE_IMAGE}", "ENV NODE_ENV=production", "WORKDIR /app")
_GENERATING: Final = ("preinstall", "install", "postinstall")
"""Scripts that run with an installation, and may need any file of the app."""
_OUTPUTS: Final = ("dist", "build", ".next", ".nuxt", ".output", ".svelte-kit", ".turbo", "out")
_STANDALONE: Final = re.compile(r"\boutput\s*:\s*['\"]standalone['\"]")
_NEXT_CONFIGS: Final = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "ts", "cjs"))


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an image is built."""

    package: Package
    manager: PackageManager
    start: Start
    port: int
    workspace: Workspace | None = None

    @classmethod
    def of(cls, package: Package, workspace: Workspace | None, port: int) -> Recipe:
        """Return how to build an app.

        Raises:
            AutomationError: the app has no start.
        """
        manager = PackageManager.of(package, workspace)
        start = start_of(package)
        if workspace is None and _is_standalone(package):
            start = Start(command=("node", "server.js"), source="Next.js's standalone server")
        return cls(package=package, manager=manager, start=start, port=port, workspace=workspace)

    @property
    def node(self) -> int:
        """Node's major version."""
        return (self.workspace.root if self.workspace else self.package).node_version()

    @property
    def builds(self) -> bool:
        """Whether the app has to be built."""
        return "build" in self.package.scripts

    @property
    def _image(self) -> str:
        # Prisma's engine needs OpenSSL, which the slim image leaves out.
        return f"node:{self.node}-bookworm" + ("" if self._has_prisma else "-slim")

    @property
    def _has_prisma(self) -> bool:
        return self.package.depends_on("prisma") or self.package.depends_on("@prisma/client")

    @property
    def _generates(self) -> bool:
        """Whether an installation writes files into `node_modules`, so that it must run only once."""
        return self._has_prisma or any(name in self.package.scripts for name in _GENERATING)

    @property
    def _keeps_development_packages(self) -> bool:
        return bool(self.start.development_packages(self.package))

    @property
    def build_secrets(self) -> dict[str, Path]:
        """The files that the build mounts as secrets, by id."""
        name = self.manager.secret
        return {name.strip("."): self.manager.package.folder / name} if name else {}

    def text(self) -> str:
        """Return the Dockerfile."""
        parts = [[*_HEAD, f"ARG NODE_IMAGE={self._image}"], *self._stages()]
        return "\n\n".join("\n".join(part) for part in parts) + "\n"

    def _stages(self) -> Iterator[list[str]]:
        preparation = self.manager.preparation(self.node)
        begin = "base" if preparation else "${NODE_IMAGE}"
        if preparation:
            yield ["FROM ${NODE_IMAGE} AS base", *preparation]
        if not (self.workspace or self._server_alone or self._generates):
            yield from self._separate_stages(begin)
            return
        yield [f"FROM {begin} AS build", *self._build()]
        folder = [f"WORKDIR /app/{self.workspace.member}"] if self.workspace else []
        yield [*_FINAL, *(self._server_alone or ["COPY --from=build /app ."]), *folder, *self._end()]

    def _separate_stages(self, begin: str) -> Iterator[list[str]]:
        """Yield stages for packages, which change with the lock file alone, and for the app."""
        keeps_all, manager = self._keeps_development_packages, self.manager
        has_packages = self.package.has_packages if keeps_all else self.package.has_production_packages
        if has_packages:
            yield [
                "# What production needs. It is installed anew only when the lock file changes.",
                f"FROM {begin} AS packages",
                *self._copied_manifest(),
                *([] if keeps_all else self._without_prepare()),
                self._run(manager.install() if keeps_all else manager.install_production()),
            ]
        if self.builds:
            yield [
                f"FROM {begin} AS build",
                *self._copied_manifest(),
                self._run(self.manager.install()),
                *self._built(f"rm -rf {' '.join(self.manager.leftovers)}"),
            ]
        copied = ["COPY --from=packages /app/node_modules node_modules"] if has_packages else []
        source = "--from=build /app" if self.builds else "."
        yield [*_FINAL, *copied, f"COPY {source} .", *self._end()]

    def _built(self, then: str) -> list[str]:
        run = self.manager.run("build")
        return ["COPY . .", *self._prisma(), f"RUN {run} && {then}" if then else f"RUN {run}"]

    def _build(self) -> Iterator[str]:
        """Yield the lines of a stage that installs once, builds, and removes development packages."""
        workspace = self.workspace
        member = (self.package.text("name") or workspace.member) if workspace else None
        if workspace or self._generates:
            yield "WORKDIR /app"
            if not workspace:
                yield "# Before the packages, since their installation uses files of the app."
            yield from ["COPY . .", self._run(self.manager.install()), *self._prisma()]
            if self.builds:
                turbo = workspace is not None and workspace.root.depends_on("turbo")
                yield f"RUN {self.manager.run('build', member, turbo=turbo)}"
        else:
            yield from [*self._copied_manifest(), self._run(self.manager.install()), *self._built("")]
        if not self._server_alone and not self._keeps_development_packages:
            yield self._run(self.manager.prune(member))

    @property
    def _server_alone(self) -> list[str]:
        """The lines that copy a server that a framework has bundled with its packages."""
        if self.workspace:
            return []
        if _is_standalone(self.package):
            has_public = (self.package.folder / "public").is_dir()
            return [
                "COPY --from=build /app/.next/standalone .",
                "COPY --from=build /app/.next/static .next/static",
                *(["COPY --from=build /app/public public"] if has_public else []),
                "ENV HOSTNAME=0.0.0.0",
            ]
        if self.start.command == NUXT_SERVER:
            return ["COPY --from=build /app/.output .output"]
        return []

    def _copied_manifest(self) -> list[str]:
        files = [name for name in self.manager.files if not (self.package.folder / name).is_dir()]
        folders = [name for name in self.manager.files if name not in files]
        return ["WORKDIR /app", f"COPY {' '.join(files)} ./", *(f"COPY {name} {name}" for name in folders)]

    def _without_prepare(self) -> list[str]:
        """Return the line that removes a script whose program production does not have, such as husky's."""
        is_run = self.manager.kind in {"npm", "pnpm"} and "prepare" in self.package.scripts
        return ["RUN npm pkg delete scripts.prepare"] if is_run else []

    def _prisma(self) -> list[str]:
        own = " ".join(self.package.scripts.get(name, "") for name in (*_GENERATING, "prebuild", "build"))
        generate = "npx prisma generate"
        if self.workspace:
            generate = f"cd {self.workspace.member} && {generate}"
        is_needed = self.package.depends_on("prisma") and "prisma generate" not in own
        return [f"RUN {generate}"] if is_needed else []

    def _run(self, command: str) -> str:
        return f"RUN {self.manager.mounts}{command}"

    def _end(self) -> Iterator[str]:
        yield from (f"ENV {name}={json.dumps(value)}" for name, value in self.start.variables.items())
        if self.start.programs:
            folder = "/app/node_modules/.bin"
            own = f"/app/{self.workspace.member}/node_modules/.bin:" if self.workspace else ""
            yield f"ENV PATH={own}{folder}:$PATH"
        if self.package.depends_on("astro"):
            yield "ENV HOST=0.0.0.0"
        yield from _USER
        yield f"EXPOSE {self.port}"
        yield "# In exec form, so that SIGTERM reaches the app."
        yield f"CMD {json.dumps([*self.start.command])}"

    def ignored(self, project: str | None) -> str:
        """Return the ignore file.

        Args:
            project: folder of this project in the context; None if it is outside.
        """
        return "\n".join(self._ignored(project)) + "\n"

    def _ignored(self, project: str | None) -> Iterator[str]:
        yield "# What the image does not need, and what must not get into it."
        yield from ("**/.git", "**/.github", "**/.idea", "**/.vscode", "**/.DS_Store")
        yield from ("**/node_modules", "**/coverage", "**/*.log", "**/.env", "**/.env.*")
        if self.package.depends_on("next"):
            yield from ("# Next.js reads it during the build.", "!**/.env.production")
        if self.builds:
            yield from (f"**/{name}" for name in self._outputs())
        yield from ("**/Dockerfile*", "**/.dockerignore")
        if self.manager.secret:
            yield f"**/{self.manager.secret}"
        if project:
            yield project

    def _outputs(self) -> Iterator[str]:
        """Yield folders that the build writes: those that git ignores."""
        folders = [self.package.folder, *([self.workspace.root.folder] if self.workspace else [])]
        lines = {
            line.strip().strip("/").removeprefix("**/")
            for folder in folders
            for line in read_text(folder / ".gitignore").splitlines()
        }
        return (name for name in _OUTPUTS if name in lines)

    def remarks(self) -> Iterator[str]:
        """Yield advice for the user."""
        manager = self.manager
        for name in manager.token_files:
            outcome = (
                "the build mounts it as a secret (`build-secrets`); .dockerignore has to list it"
                if name == manager.secret
                else "it would be copied into the build: replace it by a variable, such as ${NPM_TOKEN}"
            )
            yield f"{name} has a token: {outcome}"
        if manager.other_locks:
            others = ", ".join(manager.other_locks)
            yield (
                f"lock files of several package managers: {manager.name} is used, and {others} is not read;"
                " delete outdated ones"
            )
        if manager.lock is None and self.package.has_packages:
            yield (
                f"no lock file of {manager.name}: each build installs the newest versions; run "
                f"`{manager.kind if manager.kind != 'berry' else 'yarn'} install` and commit the lock file"
            )
        for name in self.start.development_packages(self.package):
            yield (
                f"{name} starts the app and is one of `devDependencies`, so the image contains them all:"
                " move it to `dependencies` for a smaller image"
            )
        if self.package.depends_on("next") and not _is_standalone(self.package) and not self.workspace:
            yield "for a far smaller image set `output: 'standalone'` in Next.js's config, and run this again"
        if (self.package.folder / "bun.lock").exists() or (self.package.folder / "bun.lockb").exists():
            yield "Bun's lock file is not read: npm installs the packages"


def _is_standalone(package: Package) -> bool:
    return any(_STANDALONE.search(read_text(package.folder / name)) for name in _NEXT_CONFIGS)
