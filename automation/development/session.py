"""`dev` of one stack: follows the files of its apps, and updates the stack or restarts apps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.development.apps import App, FileState, apps_of
from automation.development.file_watcher import FileWatcher
from automation.development.output import Output
from automation.development.restarts import Restarts, time_of_change
from automation.development.task_replacement import replace_tasks, wait_until_stopped
from automation.errors import AutomationError
from automation.services.deployed_stack import DeployedStack
from automation.stacks.local import LocalStacks
from local.errors import LocalError
from local.live import containers
from local.live.dockerfile import Dockerfile
from local.live.folder import LiveFolder
from local.live.notes import Notes
from local.locks import stack_watched

_STACK: Final = "pulumi:pulumi:Stack"
_TRY_AGAIN: Final = "The next change tries again."


@dataclass(frozen=True, kw_only=True)
class LiveApp:
    """An app whose tasks run from a folder on this machine."""

    app: App
    digest: str
    folder: LiveFolder
    plan: Dockerfile


@dataclass(frozen=True, kw_only=True)
class _Change:
    """Changed files of an app that are copied into its image as they are."""

    live: LiveApp
    copied: Mapping[str, Path]
    """The files, by their path in the image."""
    names: Sequence[str]


class Session:
    """Follows the files of one stack."""

    def __init__(self, stacks: LocalStacks, stack: str) -> None:
        self.stacks = stacks
        self.stack = stack
        self._output = Output()
        self._notes = Notes.of(stacks.local.folder)
        self._restarts = Restarts(self._notes, stack, self._say)
        self._apps: list[App] = []
        self._files: dict[str, Mapping[str, FileState]] = {}
        """The files of each app, as they were at the last check."""
        self._config: dict[Path, bytes] = {}
        self._up_failed = False
        """The next change runs `up` again."""
        self._live_apps: dict[str, LiveApp] = {}
        self._deployed: DeployedStack | None = None
        self._logs: containers.TaskLogs | None = None
        self._watcher: FileWatcher | None = None

    def run(self) -> None:
        """Bring the stack up and follow its files until Ctrl-C.

        Raises:
            LocalError: another command follows the stack.
        """
        with stack_watched(self.stacks.local.folder, self.stack, f"dev {self.stack}") as note:
            self._note_command_again = note
            try:
                self.check(first=True)
                while True:
                    if self._watcher is not None:
                        self._watcher.wait()
                    self.check()
            except KeyboardInterrupt:
                self._say("")
            finally:
                self._close()

    def check(self, *, first: bool = False) -> None:
        """Update the stack, or restart apps, after the changes since the last check."""
        try:
            try:
                changed, configured = self._changes()
            finally:
                self._watch()
            if configured and not first:
                self._say(f"{', '.join(path.name for path in configured)} changed: `up`")
            if first or configured or (self._up_failed and any(changed.values())):
                self._update()
            else:
                self._apply(changed)
        except (AutomationError, LocalError, OSError) as error:
            if first and self._deployed is None and not self._files:
                raise
            # The next change includes this one.
            self._up_failed = True
            self._say(f"{error}\n{_TRY_AGAIN}")

    def _changes(self) -> tuple[Mapping[str, Sequence[str]], Sequence[Path]]:
        """Return the names of changed files by app, and the changed files of the configuration."""
        config = {path: path.read_bytes() for path in self._config_files if path.is_file()}
        configured = [path for path in self._config_files if config.get(path) != self._config.get(path)]
        if configured or not self._apps:
            self._apps = list(apps_of(self.stacks.settings(self.stack)))
        changed: dict[str, Sequence[str]] = {}
        for app in self._apps:
            now, before = app.files(), self._files.get(app.name, {})
            changed[app.name] = sorted(name for name in {*now, *before} if now.get(name) != before.get(name))
            self._files[app.name] = now
        # Last: after an error they count as changed again.
        self._config = config
        return changed, configured

    @property
    def _config_files(self) -> Sequence[Path]:
        names = ("Pulumi.yaml", f"Pulumi.{self.stack}.yaml", "local-secrets.yaml")
        return [self.stacks.root / name for name in names]

    def _watch(self) -> None:
        """Watch the apps' folders and files; a change before that is found by the next check."""
        folders = {app.folder for app in self._apps}
        files = {*self._config_files, *(app.dockerfile for app in self._apps)}
        if self._watcher is None or not self._watcher.watches(folders, files):
            if self._watcher is not None:
                self._watcher.stop()
            self._watcher = FileWatcher(folders, files)

    def _apply(self, changed: Mapping[str, Sequence[str]]) -> None:
        """Restart apps with their changed files, or run `up` if an image has to be built."""
        changes: list[_Change] = []
        for app in self._apps:
            names = changed[app.name]
            if not names:
                continue
            live = self._live_apps.get(app.name)
            if live is None:
                self._update()
                return
            copied, built = app.effects(names, live.plan)
            outside = [path for path in copied if not live.folder.contains(path)]
            built = [*built, *(f"{copied[path]}: it is outside the image's WORKDIR" for path in outside)]
            if built:
                self._say("\n".join(f"{line}: `up`" for line in built))
                self._update()
                return
            if copied:
                changes.append(_Change(live=live, copied=copied, names=names))
        if changes:
            self._restart(changes)

    def _restart(self, changes: Sequence[_Change]) -> None:
        for change in changes:
            change.live.folder.put(change.copied)
        changed_at = time_of_change(path for change in changes for path in change.copied.values())
        number = self._restarts.begin()
        tasks = sum(containers.restart(str(change.live.folder.path)) for change in changes)
        names = [name for change in changes for name in change.names]
        services = [name for change in changes for name in change.live.app.services]
        message = f"{names[0] if len(names) == 1 else f'{len(names)} files'}: {_listed(services)}"
        if not tasks or self._deployed is None:
            self._restarts.forget()
            self._say(f"{message} {'has' if len(services) == 1 else 'have'} no running task")
            return
        urls = [url for name in services if (url := self._deployed.health_check_url(name))]
        verb = _verb("answer" if urls else "run", services)
        self._restarts.report_in_background(
            number, f"{message} {verb} with it", tasks=tasks, urls=urls, changed_at=changed_at
        )

    def _update(self) -> None:
        """Run `up`, then have apps run from folders where possible."""
        self._restarts.forget()
        self._up_failed = not self._up()
        if self._up_failed:
            self._say(_TRY_AGAIN)
        else:
            self._attach()

    def _up(self) -> bool:
        """Run `up` in another process, because the program's own files may have changed."""
        process = subprocess.Popen(
            [sys.executable, "-m", "automation", "--local", "up", self.stack],
            cwd=self.stacks.root,
            env={**os.environ, "PULUMI_CONFIG_PASSPHRASE": self.stacks.local.passphrase},
        )
        interrupted = False
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
                if not (sys.stdin.isatty() and sys.stderr.isatty()):
                    # A terminal sends Ctrl-C to it, too.
                    process.send_signal(signal.SIGINT)
        self._note_command_again()
        if interrupted:
            raise KeyboardInterrupt
        return code == 0

    def _attach(self) -> None:
        """Have the tasks of each app run from a folder."""
        resources = self.stacks.resources(self.stack)
        outputs: Mapping[str, Any] = next(
            resource["outputs"] for resource in resources if resource["type"] == _STACK
        )
        deployed = self._deployed = DeployedStack.of(self.stacks, self.stack)
        before, self._live_apps = self._live_apps, {}
        for app in self._apps:
            image = str(outputs["image"] if app.main else outputs["images"][app.name])
            live = self._live_app(app, image, before.get(app.name))
            if live is not None:
                self._live_apps[app.name] = live
        self._notes.write(self.stack, {live.digest: live.folder.live for live in self._live_apps.values()})
        new = [live for name, live in self._live_apps.items() if before.get(name) is not live]
        self._follow_logs(deployed)
        self._replace_tasks(deployed, [name for live in new for name in live.app.services])
        kept = {live.folder.path for live in self._live_apps.values()}
        for path in {live.folder.path for live in before.values()} - kept:
            shutil.rmtree(path, ignore_errors=True)
        for live in new:
            services = live.app.services
            self._say(f"{_listed(services)} {_verb('run', services)} {live.app.folder}/ as it is now")
        effect = "answers at once" if self._live_apps else "is an `up`"
        self._say(f"Each change {effect}; Ctrl-C ends this.")

    def _live_app(self, app: App, image: str, before: LiveApp | None) -> LiveApp | None:
        """Return an app with a folder for its tasks, with its current files; None if that is not possible."""
        digest = image.partition("@")[2]
        if before and before.digest == digest and containers.running(str(before.folder.path)):
            return before
        path = self._notes.folder / self.stack / f"{app.name}-{digest.rpartition(':')[2][:12]}"
        try:
            folder = LiveFolder.of_image(image, path)
        except LocalError as error:
            self._say(f"{app.folder}: each change is an `up`, because {error}")
            return None
        plan = app.plan()
        copied, _ = app.effects(self._files[app.name], plan)
        folder.put({path: source for path, source in copied.items() if folder.contains(path)})
        return LiveApp(app=app, digest=digest, folder=folder, plan=plan)

    def _replace_tasks(self, deployed: DeployedStack, names: Sequence[str]) -> None:
        services = [deployed.services[name] for name in names if name in deployed.services]
        replace_tasks(deployed, services, self._say)

    def _follow_logs(self, deployed: DeployedStack) -> None:
        services = deployed.services.values()
        self._output.width = max(len(service.name) for service in services)
        cluster = next(service.cluster for service in services)
        families = {service.family: service.name for service in services}
        if self._logs is not None and self._logs.cluster == cluster:
            self._logs.families = families
            return
        if self._logs is not None:
            self._logs.stop()
        self._logs = containers.TaskLogs(cluster, families, self._print_log_line)
        self._logs.start()

    def _print_log_line(self, service: str, container: str, line: str) -> None:
        self._output.line(service if container == service else f"{service}/{container}", line)
        self._restarts.read_log_line(line)

    def _say(self, text: str) -> None:
        self._output.say(text)

    def _close(self) -> None:
        """Have all tasks run their image again."""
        for follower in (self._watcher, self._logs):
            if follower is not None:
                follower.stop()
        self._restarts.forget()
        self._notes.remove(self.stack)
        folder = self._notes.folder / self.stack
        names = [name for live in self._live_apps.values() for name in live.app.services]
        if names:
            self._say(f"{_listed(names)} {_verb('get', names)} new tasks with the image of the last `up`")
            try:
                # Read again: an interrupted `up` may have changed the task definition.
                self._replace_tasks(DeployedStack.of(self.stacks, self.stack), names)
                wait_until_stopped(live.folder.path for live in self._live_apps.values())
            except BaseException as error:
                self._say(
                    f"tasks of {_listed(names)} still run from {folder}: "
                    f"`python -m automation --local redeploy {self.stack}` replaces them"
                )
                if isinstance(error, KeyboardInterrupt):
                    return
                raise
            self._say(f"{self.stack} runs what the last `up` deployed")
        shutil.rmtree(folder, ignore_errors=True)


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _verb(verb: str, names: Sequence[str]) -> str:
    """Return a regular verb in the third person for so many names."""
    return f"{verb}s" if len(names) == 1 else verb
