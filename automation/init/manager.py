"""The package manager of an app, and how it installs, prunes and runs scripts in an image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from automation.init.package import Package, Workspace

Kind = Literal["npm", "pnpm", "yarn", "berry"]

_LOCKS: Final[dict[str, str]] = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
_SETTINGS: Final[dict[Kind, tuple[str, ...]]] = {
    "npm": (".npmrc",),
    "pnpm": ("pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs", "patches"),
    "yarn": (".npmrc", ".yarnrc"),
    "berry": (".yarnrc.yml", ".yarn"),
}
"""Files beside `package.json` and the lock that an installation reads."""
_WITHOUT_COREPACK: Final = 25
"""From this version on Node comes without Corepack: https://nodejs.org/docs/latest-v25.x/api/corepack.html"""
_WITHOUT_YARN: Final = 26
"""From this version on Node's image comes without Yarn 1."""
_PNPM_OF_LOCK: Final = {"9": "10", "6": "8", "5": "7"}
"""pnpm's major version by its lock's, for apps that do not name one in `packageManager`."""
_YARN_OF_LOCK: Final = {"8": "4", "6": "3", "7": "3", "4": "2", "5": "2"}
_PNPM_LOCK: Final = re.compile(r"(?m)^lockfileVersion:\s*'?(\d+)")
_YARN_LOCK: Final = re.compile(r"(?m)^__metadata:\s*\n\s+version:\s*(\d+)")


@dataclass(frozen=True, kw_only=True)
class PackageManager:
    """A package manager in a folder with a lock file, or without one yet."""

    kind: Kind
    lock: str | None
    """Name of the lock file; None if there is none."""
    settings: tuple[str, ...] = ()
    """Files that an installation reads besides."""
    pinned: bool = False
    """Whether `packageManager` names its version."""
    major: str = ""
    """The major version that the lock file was written by."""
    has_own_release: bool = False
    """Whether Yarn is checked in, and named by `yarnPath`."""
    has_own_cache: bool = False
    """Whether Yarn's packages are checked in."""
    other_locks: tuple[str, ...] = ()
    """Lock files of other package managers beside it."""

    @classmethod
    def of(cls, package: Package, workspace: Workspace | None = None) -> PackageManager:
        """Return the one that `packageManager` names, or whose lock file is there; else npm."""
        root = workspace.root if workspace else package
        named = package.text("packageManager") or root.text("packageManager")
        locks = [name for name in _LOCKS if (root.folder / name).is_file()]
        wanted = re.match(r"npm|pnpm|yarn", named)
        family = wanted[0] if wanted else _LOCKS[locks[0]] if locks else "npm"
        lock = next((name for name in locks if _LOCKS[name] == family), None)
        text = _read(root.folder / lock) if lock else ""
        kind: Kind = "npm"
        major = ""
        if family == "pnpm":
            kind, found = "pnpm", _PNPM_LOCK.search(text)
            major = _PNPM_OF_LOCK.get(found[1] if found else "", "10")
        elif family == "yarn":
            found = _YARN_LOCK.search(text)
            named_major = re.match(r"yarn@(\d+)", named)
            is_classic = named_major[1] == "1" if named_major else found is None
            kind = "yarn" if is_classic else "berry"
            major = "1" if is_classic else _YARN_OF_LOCK.get(found[1] if found else "", "4")
            major = named_major[1] if named_major else major
        files = tuple(name for name in _SETTINGS[kind] if (root.folder / name).exists())
        return cls(
            kind=kind,
            lock=lock,
            settings=files,
            pinned=bool(wanted),
            major=major,
            has_own_release=kind == "berry" and "yarnPath:" in _read(root.folder / ".yarnrc.yml"),
            has_own_cache=kind == "berry" and (root.folder / ".yarn" / "cache").is_dir(),
            other_locks=tuple(name for name in locks if _LOCKS[name] != family),
        )

    @property
    def name(self) -> str:
        """What a person calls it."""
        if self.kind == "berry":
            return f"Yarn {self.major}"
        return {"npm": "npm", "pnpm": "pnpm", "yarn": "Yarn 1"}[self.kind]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that decide what is installed."""
        return ("package.json", *([self.lock] if self.lock else []), *self.settings)

    def preparation(self, node: int) -> list[str]:
        """Return the lines of a Dockerfile that bring the package manager into Node's image."""
        corepack = ["RUN corepack enable"]
        if node >= _WITHOUT_COREPACK:
            corepack = ["RUN npm install --global --force corepack && corepack enable"]
        if self.kind == "pnpm":
            own = corepack if self.pinned else [f"RUN npm install --global pnpm@{self.major}"]
            # In CI mode pnpm asks nothing.
            return ["ENV PNPM_HOME=/pnpm CI=true", *own]
        if self.kind == "berry":
            cache = (
                [] if self.has_own_cache else ["YARN_ENABLE_GLOBAL_CACHE=true", "YARN_GLOBAL_FOLDER=/yarn"]
            )
            variables = " ".join(["YARN_NODE_LINKER=node-modules", "YARN_ENABLE_TELEMETRY=0", *cache])
            if self.has_own_release:
                own = ["RUN npm install --global yarn@1"] if node >= _WITHOUT_YARN else []
            elif self.pinned:
                own = corepack
            else:
                own = [f"{corepack[0]} && corepack prepare yarn@{self.major} --activate"]
            return [f"ENV {variables}", *own]
        if self.kind == "yarn":
            own = ["RUN npm install --global yarn@1"] if node >= _WITHOUT_YARN else []
            return ["ENV YARN_CACHE_FOLDER=/yarn", *own]
        return []

    @property
    def cached(self) -> str:
        """The option of a RUN line by which downloads are kept between builds."""
        if self.has_own_cache:
            return ""
        # Yarn 1 spoils the cache of another one that runs at the same time.
        folder = {
            "npm": "/root/.npm",
            "pnpm": "/pnpm/store",
            "yarn": "/yarn,sharing=locked",
            "berry": "/yarn",
        }[self.kind]
        return f"--mount=type=cache,target={folder} "

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Folders of an installation that are not needed once the app is built."""
        return ("node_modules", *(name for name in self.settings if name == ".yarn"))

    def install(self) -> str:
        """Return the command that installs all packages."""
        if self.kind == "npm":
            return "npm ci" if self.lock else "npm install"
        if self.kind == "berry":
            return "yarn install --immutable" if self.lock else "yarn install"
        return f"{self.kind} install{' --frozen-lockfile' if self.lock else ''}"

    def install_production(self) -> str:
        """Return the command that installs only what production needs."""
        if self.kind == "berry":
            return f"{self._focus()} --all --production"
        return self.install() + {"npm": " --omit=dev", "pnpm": " --prod", "yarn": " --production"}[self.kind]

    def prune(self, member: str | None = None) -> str:
        """Return the command that removes what only the build needed.

        Args:
            member: name of the package of a workspace that stays; None for an app that stands alone.
        """
        if self.kind == "npm":
            return "npm prune --omit=dev"
        if self.kind == "pnpm" and member:
            emptied = "find . -name node_modules -prune -exec rm -rf {} +"
            return f'{emptied} && {self.install()} --prod --ignore-scripts --filter "{member}..."'
        if self.kind == "pnpm":
            return "pnpm prune --prod --ignore-scripts"
        if self.kind == "berry":
            return f"{self._focus()} {member or '--all'} --production"
        return f"{self.install()} --production --ignore-scripts --prefer-offline"

    def run(self, script: str, member: str | None = None, *, turbo: bool = False) -> str:
        """Return the command that runs a script.

        Args:
            script: its name.
            member: name of the package of a workspace, for which the packages that it needs are built, too.
            turbo: whether Turborepo runs the scripts of the workspace.
        """
        if member and turbo:
            return f"npx turbo run {script} --filter={member}"
        if member is None:
            return f"{'yarn' if self.kind == 'berry' else self.kind} run {script}"
        if self.kind == "pnpm":
            return f'pnpm --filter "{member}..." run {script}'
        if self.kind == "berry":
            return f"yarn workspaces foreach --recursive --topological-dev --from {member} run {script}"
        if self.kind == "yarn":
            return f"yarn workspace {member} run {script}"
        # npm does not know which of the packages it needs.
        return f"npm run {script} --workspaces --if-present"

    def _focus(self) -> str:
        # Before version 4 it is a plugin.
        plugin = "yarn plugin import workspace-tools && " if self.major in {"2", "3"} else ""
        return f"{plugin}yarn workspaces focus"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
