"""One run of `dev`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from automation.development.apps import App, FileState, apps_of
from automation.development.new_tasks import replace_tasks
from automation.development.output import Output
from automation.development.watching import Watcher
from automation.errors import AutomationError
from automation.http_status import http_status
from automation.services.deployed_stack import DeployedStack
from automation.stacks.local import LocalStacks
from local.errors import LocalError
from local.live import containers
from local.live.dockerfile import Dockerfile
from local.live.folder import LiveFolder
from local.live.notes import LONGEST_RESTART_SECONDS, Notes
from local.locks import stack_watched

_ENDED_SECONDS: Final = 10
_POLL_SECONDS: Final = 0.1
_JUST_NOW_SECONDS: Final = 2
_STACK: Final = "pulumi:pulumi:Stack"
_REFUSED: Final = frozenset({502, 503, 504})
RESTARTED: Final = "[dev] restarted"
ENDED: Final = "[dev] ended"
"""How lines of the supervisor begin."""


@dataclass(frozen=True, kw_only=True)
class Attached:
    """An app whose tasks run from a folder."""

    app: App
    digest: str
    folder: LiveFolder
    plan: Dockerfile


@dataclass(frozen=True, kw_only=True)
class _Change:
    """Files of an app that are in its image as they are."""

    attached: Attached
    copied: Mapping[str, Path]
    """By the place in the image."""
    names: Sequence[str]


@dataclass
class Session:
    """Follows the files of one stack."""

    stacks: LocalStacks
    stack: str
    _attached: dict[str, Attached] = field(default_factory=dict[str, Attached], init=False)
    _apps: list[App] = field(default_factory=list[App], init=False)
    _seen: dict[str, Mapping[str, FileState]] = field(
        default_factory=dict[str, Mapping[str, FileState]], init=False
    )
    _owes_up: bool = field(default=False, init=False)
    """Whether an `up` has failed, so that the next change asks for one."""
    _config: dict[Path, bytes] = field(default_factory=dict[Path, bytes], init=False)
    _deployed: DeployedStack | None = field(default=None, init=False)
    _logs: containers.TaskLogs | None = field(default=None, init=False)
    _watcher: Watcher | None = field(default=None, init=False)
    _restarts: Restarts = field(init=False)
    _output: Output = field(default_factory=Output, init=False)

    def __post_init__(self) -> None:
        self._notes = Notes.of(self.stacks.local.folder)
        self._restarts = Restarts(self._notes, self.stack, self._output.say)

    def run(self) -> None:
        """Bring the stack up and follow its files until Ctrl-C.

        Raises:
            LocalError: another command follows the stack.
        """
        with stack_watched(self.stacks.local.folder, self.stack, f"dev {self.stack}") as note:
            self._note_again = note
            try:
                self._look(first=True)
                while True:
                    if self._watcher is not None:
                        self._watcher.wait()
                    self._look()
            except KeyboardInterrupt:
                self._output.say("")
            finally:
                self._close()

    # Looking

    def _look(self, *, first: bool = False) -> None:
        """Do what the changes since the last look ask for."""
        try:
            try:
                changed, configured = self._changes()
            finally:
                self._watch()
            if configured and not first:
                self._output.say(f"{', '.join(path.name for path in configured)} changed: `up`")
            if first or configured or (self._owes_up and any(changed.values())):
                self._roll()
            else:
                self._follow(changed)
        except (AutomationError, LocalError, OSError) as error:
            if first and self._deployed is None and not self._seen:
                raise
            # What was not done for this change is done with the next one.
            self._owes_up = True
            self._output.say(f"{error}\nThe next change is another try.")

    def _changes(self) -> tuple[Mapping[str, Sequence[str]], Sequence[Path]]:
        """Return the names of changed files by app, and changed files of the configuration."""
        config = {path: path.read_bytes() for path in self._config_files if path.is_file()}
        configured = [path for path in self._config_files if config.get(path) != self._config.get(path)]
        if configured or not self._apps:
            self._apps = list(apps_of(self.stacks.settings(self.stack)))
        changed: dict[str, Sequence[str]] = {}
        for app in self._apps:
            now, seen = app.files(), self._seen.get(app.name, {})
            changed[app.name] = sorted(name for name in {*now, *seen} if now.get(name) != seen.get(name))
            self._seen[app.name] = now
        # With a fault in them they are looked at again.
        self._config = config
        return changed, configured

    @property
    def _config_files(self) -> Sequence[Path]:
        names = ("Pulumi.yaml", f"Pulumi.{self.stack}.yaml", "local-secrets.yaml")
        return [self.stacks.root / name for name in names]

    def _follow(self, changed: Mapping[str, Sequence[str]]) -> None:
        restarted: list[_Change] = []
        for app in self._apps:
            names = changed[app.name]
            if not names:
                continue
            attached = self._attached.get(app.name)
            if attached is None:
                self._roll()
                return
            copied, built = app.effects(names, attached.plan)
            outside = [place for place in copied if not attached.folder.holds(place)]
            built = [*built, *(f"{copied[place]}: it is outside the image's WORKDIR" for place in outside)]
            if built:
                self._output.say("\n".join(f"{line}: `up`" for line in built))
                self._roll()
                return
            if copied:
                restarted.append(_Change(attached=attached, copied=copied, names=names))
        if restarted:
            self._restart(restarted)

    # Rolling out

    def _roll(self) -> None:
        """`up`, then run from folders what can be."""
        self._restarts.forget()
        self._owes_up = not self._up()
        if self._owes_up:
            self._output.say("The next change is another try.")
        else:
            self._attach()

    def _up(self) -> bool:
        """Run `up` as a command of its own, for the program may be another one now."""
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
                    # On a terminal Ctrl-C reaches it from there.
                    process.send_signal(signal.SIGINT)
        self._note_again()
        if interrupted:
            raise KeyboardInterrupt
        return code == 0

    def _watch(self) -> None:
        """Watch what there is to watch; what changed before that is found by the next look."""
        folders = {app.folder for app in self._apps}
        files = {*self._config_files, *(app.dockerfile for app in self._apps)}
        if self._watcher is None or not self._watcher.watches(folders, files):
            if self._watcher is not None:
                self._watcher.stop()
            self._watcher = Watcher(folders, files)

    def _attach(self) -> None:
        """Have the tasks of each app run from a folder."""
        resources = self.stacks.resources(self.stack)
        outputs: Mapping[str, Any] = next(one["outputs"] for one in resources if one["type"] == _STACK)
        deployed = self._deployed = DeployedStack.of(self.stacks, self.stack)
        before, self._attached = self._attached, {}
        for app in self._apps:
            image = str(outputs["image"] if app.main else outputs["images"][app.name])
            digest = image.partition("@")[2]
            known = before.get(app.name)
            if known and known.digest == digest and containers.running(str(known.folder.path)):
                self._attached[app.name] = known
                continue
            path = self._notes.folder / self.stack / f"{app.name}-{digest.rpartition(':')[2][:12]}"
            try:
                folder = LiveFolder.of_image(image, path)
            except LocalError as error:
                self._output.say(f"{app.folder}: each change is an `up`, for {error}")
                continue
            plan = app.plan()
            copied, _ = app.effects(self._seen[app.name], plan)
            folder.put({place: source for place, source in copied.items() if folder.holds(place)})
            self._attached[app.name] = Attached(app=app, digest=digest, folder=folder, plan=plan)
        self._notes.write(self.stack, {one.digest: one.folder.live for one in self._attached.values()})
        new = [one for name, one in self._attached.items() if before.get(name) is not one]
        self._follow_logs(deployed)
        self._redeploy(deployed, [name for one in new for name in one.app.services])
        kept = {one.folder.path for one in self._attached.values()}
        for one in before.values():
            if one.folder.path not in kept:
                shutil.rmtree(one.folder.path, ignore_errors=True)
        for one in new:
            services = one.app.services
            self._output.say(f"{_all(services)} {_verb('runs', services)} {one.app.folder}/ as it is now")
        how = "answers at once" if self._attached else "is an `up`"
        self._output.say(f"Each change {how}; Ctrl-C ends this.")

    def _redeploy(self, deployed: DeployedStack, names: Sequence[str]) -> None:
        """Have new tasks in place of those that run."""
        services = [deployed.services[name] for name in names if name in deployed.services]
        replace_tasks(deployed, services, self._output.say)

    def _follow_logs(self, deployed: DeployedStack) -> None:
        services = deployed.services.values()
        self._output.width = max(len(one.name) for one in services)
        cluster, families = next(one.cluster for one in services), {one.family: one.name for one in services}
        if self._logs is not None and self._logs.cluster == cluster:
            self._logs.families = families
            return
        if self._logs is not None:
            self._logs.stop()
        self._logs = containers.TaskLogs(cluster, families, self._print)
        self._logs.start()

    def _print(self, service: str, container: str, line: str) -> None:
        self._output.line(service if container == service else f"{service}/{container}", line)
        self._restarts.hear(line)

    # Restarting

    def _restart(self, restarted: Sequence[_Change]) -> None:
        for one in restarted:
            one.attached.folder.put(one.copied)
        begun = _time_of([path for one in restarted for path in one.copied.values()])
        wait = self._restarts.begin()
        tasks = sum(containers.restart(str(one.attached.folder.path)) for one in restarted)
        names = [name for one in restarted for name in one.names]
        services = [name for one in restarted for name in one.attached.app.services]
        what = f"{names[0] if len(names) == 1 else f'{len(names)} files'}: {_all(services)}"
        deployed = self._deployed
        if not tasks or deployed is None:
            self._restarts.forget()
            self._output.say(f"{what} {_verb('has', services)} no task that runs")
            return
        urls = [url for name in services if (url := deployed.health_check_url(name))]
        does = _verb("answers" if urls else "runs", services)
        wait(f"{what} {does} with it", tasks, urls, begun)

    # The end

    def _close(self) -> None:
        """Put the stack back to its images."""
        for one in (self._watcher, self._logs):
            if one is not None:
                one.stop()
        self._restarts.forget()
        self._notes.remove(self.stack)
        names = [name for one in self._attached.values() for name in one.app.services]
        if names:
            self._output.say(f"putting {_all(names)} back to the image as built")
            try:
                # An `up` that was interrupted may ask for another task definition than before.
                self._redeploy(DeployedStack.of(self.stacks, self.stack), names)
                self._wait_until_ended()
            except BaseException as error:
                self._output.say(
                    f"tasks of {_all(names)} still run from {self._notes.folder / self.stack}: "
                    f"`python -m automation --local redeploy {self.stack}` puts them back"
                )
                if isinstance(error, KeyboardInterrupt):
                    return
                raise
            self._output.say(f"{self.stack} is as the last `up` made it")
        shutil.rmtree(self._notes.folder / self.stack, ignore_errors=True)

    def _wait_until_ended(self) -> None:
        """Wait for the end of the tasks that run from folders."""
        deadline = time.monotonic() + _ENDED_SECONDS
        for one in self._attached.values():
            while containers.running(str(one.folder.path)) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)


class Restarts:
    """Waits until the apps that start again answer, while files may change again."""

    def __init__(self, notes: Notes, stack: str, say: Callable[[str], None]) -> None:
        self._notes = notes
        self._stack = stack
        self._say = say
        self._lock = threading.Condition()
        self._number = 0
        self._restarted = 0
        self._ended = False

    def forget(self) -> None:
        """Wait for none of them any more."""
        with self._lock:
            self._number += 1
            self._notes.note_restart(self._stack, under_way=False)
            self._lock.notify_all()

    def hear(self, line: str) -> None:
        """Note what a supervisor says."""
        with self._lock:
            self._restarted += line.startswith(RESTARTED)
            if line.startswith(ENDED) and not self._ended:
                self._ended = True
                # Whoever waits for the app has waited enough.
                self._notes.note_restart(self._stack, under_way=False)
            self._lock.notify_all()

    def begin(self) -> Callable[[str, int, Sequence[str], float], None]:
        """Note that apps are about to start again; return what says when they answer.

        That takes what to say, how many tasks restart, addresses to ask, and the time of the change.
        """
        with self._lock:
            self._number += 1
            self._restarted, self._ended = 0, False
            self._notes.note_restart(self._stack, under_way=True)
            number = self._number

        def wait(what: str, tasks: int, urls: Sequence[str], begun: float) -> None:
            arguments = (number, what, tasks, urls, begun)
            threading.Thread(target=self._wait, args=arguments, daemon=True).start()

        return wait

    def _wait(self, number: int, what: str, tasks: int, urls: Sequence[str], begun: float) -> None:
        with self._lock:
            self._lock.wait_for(
                lambda: self._restarted >= tasks or self._ended or number != self._number,
                LONGEST_RESTART_SECONDS,
            )
        deadline = time.monotonic() + LONGEST_RESTART_SECONDS
        while time.monotonic() < deadline and number == self._number and not self._ended:
            if all(http_status(url) not in {None, *_REFUSED} for url in urls):
                break
            time.sleep(_POLL_SECONDS)
        with self._lock:
            if number != self._number:
                return
            self._notes.note_restart(self._stack, under_way=False)
            if not self._ended:
                self._say(f"{what} after {time.time() - begun:.2f} s")


def _time_of(files: Sequence[Path]) -> float:
    """Return when the newest of files that have just changed was written."""
    now = time.time()
    times: list[float] = []
    for path in files:
        # It may be gone.
        with suppress(OSError):
            times.append(path.lstat().st_mtime)
    written = max(times, default=now)
    # A file that was moved here is older than the change.
    return written if now - written < _JUST_NOW_SECONDS else now


def _all(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _verb(verb: str, names: Sequence[str]) -> str:
    """Return a verb in the third person for so many names."""
    return verb if len(names) == 1 else {"has": "have"}.get(verb, verb.removesuffix("s"))
