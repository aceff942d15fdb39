"""Runs the Pulumi CLI on a local stack: its own home, the local states, our handlers as its plugins."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import yaml

from local import engines
from local.engine import state as states
from local.engine.deletion import unprotected
from local.engine.deployment import Target
from local.engine.errors import InterruptedRunError, StepFailedError
from local.engine.state import Checkpoint
from local.engines import ENDPOINT_VARIABLE, KNOWN_VARIABLE, LOCK_VARIABLE
from local.lock import OF_THE_PLUGINS

PACKAGES: Final = ("aws", "awsx", "docker", "docker-build", "random")
_OFFICIAL: Final = ("aws", "awsx")
"""What the official plugins do; images are built here, as the emulator's registry is no AWS host."""
_WATCH: Final = "import os, select, sys; select.select([os.pidfd_open(int(sys.argv[1]))], [], [])"
_USERS_OWN: Final = ("PULUMI_",)
_SECRETS_PROVIDER: Final = ("secretsprovider", "encryptedkey")


@dataclass(frozen=True)
class PulumiCli:
    """The CLI, on one stack."""

    program: str
    """The executable."""
    target: Target
    region: str
    folder: Path
    """For what the CLI and its plugins need; nothing in it is worth keeping."""
    plugins: Mapping[str, str]
    """What serves each package: the lines of a shell script."""
    others: bool = False
    """Whether the CLI may use, and fetch, plugins of the person's own."""
    lock: int | None = None
    """Descriptor of the lock, which is to last as long as the CLI does, whatever becomes of this process."""
    output: int | None = None
    """Descriptor for all that the CLI tells; None for this process's own output."""

    @classmethod
    def of(cls, program: str, target: Target, *, region: str, folder: Path, lock: int | None) -> PulumiCli:
        """The CLI with the plugins that the environment asks for."""
        official = _OFFICIAL if engines.uses_official_providers() else ()
        served = [package for package in PACKAGES if package not in official]
        plugins = {package: _script(package, log=folder / "plugins.log") for package in served}
        return cls(
            program, target, region=region, folder=folder, plugins=plugins, others=bool(official), lock=lock
        )

    def up(self) -> Checkpoint:
        """Bring the stack to what its program says.

        Raises:
            StepFailedError: it did not work; the CLI has told why.
            InterruptedRunError: the person stopped the run.
        """
        self._run("up", "--yes", "--skip-preview", changes=True)
        return self._checkpoint()

    def preview(self, event_log: Path | None = None) -> Checkpoint:
        """Show what `up` would do, and write the CLI's events down; see `up` for what is raised."""
        before = self._checkpoint()
        self._run("preview", "--diff", *_events_to(event_log), changes=False)
        return before

    def refresh(self, event_log: Path | None = None, *, dry_run: bool) -> Checkpoint:
        """Bring the state to what is there, or only show the difference; see `up` for what is raised."""
        how = ("--preview-only",) if dry_run else ("--yes", "--skip-preview")
        self._run("refresh", *how, *_events_to(event_log), changes=not dry_run)
        return self._checkpoint()

    def destroy(self, *, unprotect: bool) -> Checkpoint:
        """Delete everything that the stack holds; see `up` for what is raised."""
        if unprotect:
            checkpoint = self._checkpoint()
            checkpoint.resources[:] = map(unprotected, checkpoint.resources)
            states.write(self.target.state_path, states.encode(checkpoint))
        self._run(
            "destroy", "--yes", "--skip-preview", "--refresh=false", "--run-program=false", changes=True
        )
        return self._checkpoint()

    def _run(self, command: str, *arguments: str, changes: bool) -> None:
        checkpoint = self._checkpoint()
        # The CLI would tell it in its own words, and not of the variable.
        checkpoint.crypter.check()
        self._write_what_plugins_have_to_know(checkpoint)
        fresh = not self.target.state_path.exists()
        if changes:
            self.target.marker_path.parent.mkdir(parents=True, exist_ok=True)
            self.target.marker_path.write_text(f"{os.getpid()}\n")
        if fresh or (changes and checkpoint.pending):
            # `pulumi stack init` would write its salt into the person's own stack file. And what was begun
            # is found again by `create` itself, where the CLI would only ask about it in each further run.
            states.write(self.target.state_path, states.encode(replace(checkpoint, pending=[])))
        self._release_stale_locks()
        self._write_plugins()
        options = ("--non-interactive", "--stack", self.target.stack, "--cwd", str(self.target.root))
        files = ("--config-file", str(self._copy_configuration(checkpoint)))
        colours = ("--color", "always" if sys.stdout.isatty() else "never")
        try:
            code = _run_to_its_end(
                [self.program, command, *arguments, *options, *files, *colours],
                environment=self._environment(),
                lock=self.lock,
                output=self.output,
            )
        finally:
            if fresh and not changes:
                self.target.state_path.unlink(missing_ok=True)
        if code != 0:
            raise StepFailedError(f"`pulumi {command}` ended with exit code {code}")
        if changes:
            self.target.marker_path.unlink(missing_ok=True)

    def _write_what_plugins_have_to_know(self, checkpoint: Checkpoint) -> None:
        """Where an earlier run was cut off: what the state knows, as all else may have to be taken over."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._known.unlink(missing_ok=True)
        if checkpoint.pending or self.target.marker_path.exists():
            known = [(r.type, r.id) for r in checkpoint.resources if r.custom and r.id]
            self._known.write_text(json.dumps(known))

    def _checkpoint(self) -> Checkpoint:
        target = self.target
        return states.load(target.state_path, target.project, target.stack, target.passphrase)

    def _copy_configuration(self, checkpoint: Checkpoint) -> Path:
        path = self.target.root / f"Pulumi.{self.target.stack}.yaml"
        # To delete a stack its configuration is not needed.
        text = path.read_text() if path.exists() else ""
        document = cast("dict[str, Any]", yaml.safe_load(text) or {})
        # The local states have a passphrase, whatever the real ones are encrypted with.
        for key in _SECRETS_PROVIDER:
            document.pop(key, None)
        document.setdefault("encryptionsalt", checkpoint.crypter.salt_line)
        copy = self.folder / f"Pulumi.{self.target.stack}.yaml"
        copy.write_text(yaml.safe_dump(document, sort_keys=False))
        return copy

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_USERS_OWN)}
        environment = kept | {
            "PATH": os.pathsep.join(
                (str(self._plugins), str(Path(self.program).parent), kept.get("PATH", ""))
            ),
            "PULUMI_HOME": str(self.folder / "home"),
            # Without the files that would keep each state's content type beside it.
            "PULUMI_BACKEND_URL": f"file://{self.target.backend}?metadata=skip",
            "PULUMI_CONFIG_PASSPHRASE": self.target.passphrase,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # `--event-log`, which the Automation API uses too, is one of them.
            "PULUMI_DEBUG_COMMANDS": "true",
            # The image is read with the registry token of the program, not with the one in the state.
            "PULUMI_RUN_PROGRAM": "true",
            # The last state is kept beside the present one.
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "AWS_ENDPOINT_URL": self.target.endpoint,
            "AWS_REGION": self.region,
            ENDPOINT_VARIABLE: self.target.endpoint,
            LOCK_VARIABLE: str(self.folder / OF_THE_PLUGINS.name),
        }
        if not self.others:
            environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        if self._known.exists():
            environment[KNOWN_VARIABLE] = str(self._known)
        return environment

    def _write_plugins(self) -> None:
        """One executable for each package, in a folder that is on the CLI's PATH and on nobody else's."""
        shutil.rmtree(self._plugins, ignore_errors=True)
        self._plugins.mkdir(parents=True)
        for package, script in self.plugins.items():
            path = self._plugins / f"pulumi-resource-{package}"
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        if self.others:
            self._use_installed_plugins()

    def _use_installed_plugins(self) -> None:
        """Let the CLI find, and put, the official plugins where the person's own CLI has them."""
        users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
        users.mkdir(parents=True, exist_ok=True)
        link = self.folder / "home" / "plugins"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(users, target_is_directory=True)

    @property
    def _plugins(self) -> Path:
        return self.folder / "plugins"

    @property
    def _known(self) -> Path:
        return self.folder / "known.json"

    def _release_stale_locks(self) -> None:
        """Remove the CLI's own lock where the process that holds it is gone: ours keeps others out."""
        stack = self.target
        folder = stack.backend / ".pulumi" / "locks" / "organization" / stack.project / stack.stack
        for path in folder.glob("*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                if not _runs(int(json.loads(path.read_text())["pid"])):
                    path.unlink()


def _events_to(path: Path | None) -> tuple[str, ...]:
    return () if path is None else ("--event-log", str(path.absolute()))


def _script(package: str, *, log: Path) -> str:
    root, python = Path(__file__).resolve().parents[1], sys.executable
    return (
        f"PYTHONPATH={shlex.quote(str(root))} exec {shlex.quote(python)} -P -m local.plugin {package} "
        f'"$@" 2>>{shlex.quote(str(log))}'
    )


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watcher(pid: int, lock: int | None) -> subprocess.Popen[bytes] | None:
    """Let the lock be held until the CLI ends, should this process be killed before.

    The CLI cannot hold it: it would hand it on to the language host, which outlives a CLI that was killed by
    minutes.
    """
    if lock is None:
        return None
    command = [sys.executable, "-ISc", _WATCH, str(pid)]
    # In a group of its own, out of the way of Ctrl-C.
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0, pass_fds=(lock,)
    )


def _run_to_its_end(
    command: list[str], *, environment: Mapping[str, str], lock: int | None, output: int | None
) -> int:
    """Run the CLI and pass each interruption on to it, once.

    Raises:
        InterruptedRunError: the person stopped it.
    """
    interrupted = False
    process: subprocess.Popen[bytes] | None = None

    def pass_on(_number: int, _frame: Any) -> None:
        nonlocal interrupted
        interrupted = True
        if process is not None:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    watcher: subprocess.Popen[bytes] | None = None
    try:
        if not interrupted:
            # In a group of its own, or Ctrl-C would reach the CLI twice: the second one means "at once".
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                process_group=0,
            )
            watcher = _watcher(process.pid, lock)
        code = process.wait() if process is not None else 0
    finally:
        if watcher is not None:
            watcher.kill()
            watcher.wait()
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted:
        raise InterruptedRunError(
            "interrupted: what was made is in the state, and the next run goes on from there"
        )
    return code
