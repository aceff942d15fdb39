"""The package manager of an app, and its commands in a Dockerfile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from automation.init.package import Package, Workspace, read_text

_KINDS_BY_LOCK: Final = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
_WITHOUT_COREPACK: Final = 25
"""From this version on Node comes without Corepack: https://nodejs.org/docs/latest-v25.x/api/corepack.html"""
_WITHOUT_YARN: Final = 26
"""From this version on Node's image comes without Yarn 1."""
_PNPM_OF_LOCK: Final = {"9": "10", "6": "8", "5": "7"}
"""pnpm's major version by that of its lock file, for apps without `packageManager`."""
_YARN_OF_LOCK: Final = {"8": "4", "6": "3", "7": "3", "4": "2", "5": "2"}
_PNPM_LOCK: Final = re.compile(r"(?m)^lockfileVersion:\s*'?(\d+)")
_YARN_LOCK: Final = re.compile(r"(?m)^__metadata:\s*\n\s+version:\s*(\d+)")
_TOKEN: Final = re.compile(
    r"(?mi)^[^#;\n]*(?:_auth|_authtoken|_password|npmauth\w+)\"?\s*[=:]\s*['\"]?(?!\$\{)\S"
)
"""A credential that is no variable, of `.npmrc` or `.yarnrc.yml`."""


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """The files and commands of a package manager."""

    files: tuple[str, ...]
    """Files besides `package.json` and the lock that an installation reads."""
    cache: str
    """The folder of its downloads in an image, with options of the mount."""
    install: tuple[str, str]
    """Installs all packages: without a lock file, and with one."""
    production: str
    """Installs the packages of production; `{install}` is the command above."""
    prune: str
    """Removes the packages that only the build needed."""
    prune_member: str
    """The same for the package `{member}` of a workspace."""
    run: str
    run_member: str
    """Runs a script of a package, after those of the packages that it needs."""


_KINDS: Final = {
    "npm": _Kind(
        files=(".npmrc",),
        cache="/root/.npm",
        install=("npm install", "npm ci"),
        production="{install} --omit=dev",
        prune="npm prune --omit=dev",
        prune_member="npm prune --omit=dev",
        run="npm run {script}",
        # npm does not know which of the packages it needs.
        run_member="npm run {script} --workspaces --if-present",
    ),
    "pnpm": _Kind(
        files=("pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs", "patches"),
        cache="/pnpm/store",
        install=("pnpm install", "pnpm install --frozen-lockfile"),
        production="{install} --prod",
        prune="pnpm prune --prod --ignore-scripts",
        prune_member="find . -name node_modules -prune -exec rm -rf {{}} +"
        ' && {install} --prod --ignore-scripts --filter "{member}..."',
        run="pnpm run {script}",
        run_member='pnpm --filter "{member}..." run {script}',
    ),
    "yarn": _Kind(
        files=(".npmrc", ".yarnrc"),
        # Yarn 1 corrupts the cache of another one that runs at the same time.
        cache="/yarn,sharing=locked",
        install=("yarn install", "yarn install --frozen-lockfile"),
        production="{install} --production",
        prune="{install} --production --ignore-scripts --prefer-offline",
        prune_member="{install} --production --ignore-scripts --prefer-offline",
        run="yarn run {script}",
        run_member="yarn workspace {member} run {script}",
    ),
    "berry": _Kind(
        files=(".yarnrc.yml", ".yarn"),
        cache="/yarn",
        install=("yarn install", "yarn install --immutable"),
        production="{focus} --all --production",
        prune="{focus} --all --production",
        prune_member="{focus} {member} --production",
        run="yarn run {script}",
        run_member="yarn workspaces foreach --recursive --topological-dev --from {member} run {script}",
    ),
}


@dataclass(frozen=True, kw_only=True)
class PackageManager:
    """A package manager in a folder with a lock file, or without one yet."""

    package: Package
    """The app's package, or the root of its workspace."""
    kind: str
    """npm, pnpm, yarn, or berry for Yarn 2 and later."""
    lock: str | None
    """Name of the lock file; None if there is none."""
    is_pinned: bool
    """Whether `packageManager` has its version."""
    major: str
    """The major version of pnpm or Yarn that wrote the lock file."""
    other_locks: tuple[str, ...]
    """Lock files of other package managers."""

    @classmethod
    def of(cls, package: Package, workspace: Workspace | None = None) -> PackageManager:
        """Return the one of `packageManager`, or of the lock file; else npm."""
        root = workspace.root if workspace else package
        named = re.match(
            r"(npm|pnpm|yarn)(?:@(\d+))?", package.text("packageManager") or root.text("packageManager")
        )
        locks = [name for name in _KINDS_BY_LOCK if (root.folder / name).is_file()]
        kind = named[1] if named else _KINDS_BY_LOCK[locks[0]] if locks else "npm"
        lock = next((name for name in locks if _KINDS_BY_LOCK[name] == kind), None)
        others = tuple(name for name in locks if _KINDS_BY_LOCK[name] != kind)
        text = read_text(root.folder / lock) if lock else ""
        major = ""
        if kind == "pnpm":
            version = _PNPM_LOCK.search(text)
            major = _PNPM_OF_LOCK.get(version[1] if version else "", "10")
        elif kind == "yarn":
            version = _YARN_LOCK.search(text)
            of_lock = _YARN_OF_LOCK.get(version[1], "4") if version else "1"
            major = (named[2] if named else None) or of_lock
            kind = "yarn" if major == "1" else "berry"
        return cls(
            package=root, kind=kind, lock=lock, is_pinned=named is not None, major=major, other_locks=others
        )

    @property
    def _commands(self) -> _Kind:
        return _KINDS[self.kind]

    @property
    def name(self) -> str:
        """Its name for users."""
        return f"Yarn {self.major}" if self.kind in ("yarn", "berry") else self.kind

    @property
    def settings(self) -> tuple[str, ...]:
        """Existing files besides `package.json` and the lock that an installation reads."""
        return tuple(name for name in self._commands.files if (self.package.folder / name).exists())

    @property
    def token_files(self) -> list[str]:
        """The files with a token, which must not be copied into the image."""
        return [name for name in self.settings if _TOKEN.search(read_text(self.package.folder / name))]

    @property
    def secret(self) -> str | None:
        """The file with a token that builds mount: not `.yarnrc.yml`, which every command of Yarn reads."""
        return next((name for name in self.token_files if name.endswith("rc")), None)

    @property
    def files(self) -> tuple[str, ...]:
        """The files to copy into an image that decide what is installed."""
        settings = (name for name in self.settings if name != self.secret)
        return ("package.json", *([self.lock] if self.lock else []), *settings)

    @property
    def mounts(self) -> str:
        """The options of a RUN line that keep downloads between builds and mount the file with a token."""
        name = self.secret
        secret = f"--mount=type=secret,id={name.strip('.')},target=/app/{name} " if name else ""
        cache = "" if self._has_own_cache else f"--mount=type=cache,target={self._commands.cache} "
        return cache + secret

    @property
    def _has_own_cache(self) -> bool:
        """Whether Yarn's packages are checked in."""
        return self.kind == "berry" and (self.package.folder / ".yarn" / "cache").is_dir()

    def preparation(self, node: int) -> list[str]:
        """Return the lines of a Dockerfile that install the package manager into Node's image."""
        corepack = "RUN corepack enable"
        if node >= _WITHOUT_COREPACK:
            corepack = "RUN npm install --global --force corepack && corepack enable"
        yarn = ["RUN npm install --global yarn@1"] if node >= _WITHOUT_YARN else []
        if self.kind == "npm":
            return []
        if self.kind == "pnpm":
            own = corepack if self.is_pinned else f"RUN npm install --global pnpm@{self.major}"
            # In CI mode pnpm does not prompt.
            return ["ENV PNPM_HOME=/pnpm CI=true", own]
        if self.kind == "yarn":
            return ["ENV YARN_CACHE_FOLDER=/yarn", *yarn]
        variables = "ENV YARN_NODE_LINKER=node-modules YARN_ENABLE_TELEMETRY=0"
        if not self._has_own_cache:
            variables += " YARN_ENABLE_GLOBAL_CACHE=true YARN_GLOBAL_FOLDER=/yarn"
        if "yarnPath:" in read_text(self.package.folder / ".yarnrc.yml"):
            return [variables, *yarn]
        prepared = "" if self.is_pinned else f" && corepack prepare yarn@{self.major} --activate"
        return [variables, f"{corepack}{prepared}"]

    @property
    def leftovers(self) -> tuple[str, ...]:
        """Folders of an installation that a built app does not need."""
        return ("node_modules", *(name for name in self.settings if name == ".yarn"))

    def install(self) -> str:
        """Return the command that installs all packages."""
        return self._commands.install[self.lock is not None]

    def install_production(self) -> str:
        """Return the command that installs the packages of production."""
        return self._filled(self._commands.production)

    def prune(self, member: str | None = None) -> str:
        """Return the command that removes the packages that only the build needed.

        Args:
            member: name of the package of a workspace that is kept; None for an app without a workspace.
        """
        return self._filled(self._commands.prune_member if member else self._commands.prune, member=member)

    def run(self, script: str, member: str | None = None, *, turbo: bool = False) -> str:
        """Return the command that runs a script.

        Args:
            script: its name.
            member: name of the package of a workspace.
            turbo: whether Turborepo runs the scripts of the workspace.
        """
        if member and turbo:
            return f"npx turbo run {script} --filter={member}"
        command = self._commands.run_member if member else self._commands.run
        return self._filled(command, script=script, member=member)

    def _filled(self, command: str, **values: str | None) -> str:
        # Before version 4 it is a plugin.
        plugin = "yarn plugin import workspace-tools && " if self.major in {"2", "3"} else ""
        return command.format(install=self.install(), focus=f"{plugin}yarn workspaces focus", **values)
