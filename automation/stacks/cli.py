"""Runs the Pulumi CLI as a child process, with its own display; Ctrl-C reaches it once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final, Self, cast

from automation.changes import events
from automation.errors import ProgramError

if TYPE_CHECKING:
    from automation.changes.events import Events
    from automation.stacks.language_host import LanguageHost

_GRACE_SECONDS: Final = 10.0
"""How long the program may run after the CLI has exited, until this process is ended."""
_INTERRUPTED: Final = 130
_GO_GARBAGE_PERCENT: Final = "25"
"""How much the CLI's memory may grow between garbage collections: with Go's default of 100 a preview of 100
services needs 30 MB more, and no less time."""


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The CLI in one folder, with its environment variables."""

    executable: Path
    folder: Path
    variables: Mapping[str, str]
    inherited_descriptors: tuple[int, ...] = ()
    """Inherited by updates."""

    def output(self, *arguments: str) -> str:
        """Return the standard output of a command without a display.

        Raises:
            ProgramError: it failed; the message has its output.
        """
        done = subprocess.run(
            self._command(*arguments, "--non-interactive"),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramError(_shown(arguments), done.returncode, done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def update(self, *arguments: str, program: Path | None = None) -> Events:
        """Run an operation of the engine, with its display on standard error.

        Args:
            arguments: the command and its options.
            program: the Pulumi program, if the operation needs it; it runs on this thread.

        Returns:
            The engine's events.

        Raises:
            ProgramError: it failed; the message has the errors that were displayed.
            KeyboardInterrupt: the user stopped it.
        """
        with TemporaryDirectory(prefix="node-on-ecs-") as temporary:
            log = Path(temporary, "events.json")
            host, client = None, ()
            if program is not None:
                from automation.stacks.language_host import LanguageHost

                host = LanguageHost(program)
                client = (f"--client={host.address}",)
            code, errors, interrupted = self._run([*arguments, "--event-log", str(log), *client], host)
            logged = events.read(log)
        if interrupted:
            raise KeyboardInterrupt
        if code != 0:
            output = "\n".join([*logged.errors, *errors])
            raise ProgramError(_shown(arguments), code, output, displayed=True)
        return logged

    def _run(self, arguments: Sequence[str], host: LanguageHost | None) -> tuple[int, list[str], bool]:
        """Return the exit code, the lines of standard error, and whether the user stopped it."""
        on_terminal = sys.stdin.isatty() and sys.stderr.isatty()
        display = () if on_terminal else ("--non-interactive", "--color", "never")
        errors: list[str] = []
        with _Signals(on_terminal=on_terminal) as signals:
            process = subprocess.Popen(
                self._command(*arguments, *display),
                env=self._environment(),
                stdin=None if on_terminal else subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                stderr=subprocess.PIPE,
                text=True,
                # A terminal sends Ctrl-C to the CLI, too; elsewhere a signal to the group would arrive twice.
                process_group=None if on_terminal else 0,
                pass_fds=self.inherited_descriptors,
            )
            signals.forward_to(process)
            host_returned = threading.Event()

            def watch() -> None:
                for line in cast("IO[str]", process.stderr):
                    errors.append(line.rstrip("\n"))
                    print(line, end="", file=sys.stderr, flush=True)
                process.wait()
                if host is not None:
                    host.close()
                    if not host_returned.wait(_GRACE_SECONDS):
                        sys.stderr.flush()
                        os._exit(process.returncode if process.returncode > 0 else _INTERRUPTED)

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            if host is not None:
                host.serve_until_closed()
                host_returned.set()
            watcher.join()
        return process.returncode, [line for line in errors if line.strip()], signals.received

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.executable), *arguments, "--cwd", str(self.folder)]

    def _environment(self) -> dict[str, str]:
        return {"GOGC": _GO_GARBAGE_PERCENT, **os.environ, **self.variables}


class _Signals:
    """Forwards SIGINT and SIGTERM: the first lets the CLI finish what is under way, the second ends it."""

    def __init__(self, *, on_terminal: bool) -> None:
        self.received = False
        self._on_terminal = on_terminal
        self._process: subprocess.Popen[str] | None = None
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def forward_to(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if self.received:
            self._forward()

    def _handle(self, number: int, _frame: object) -> None:
        self.received = True
        if not self._on_terminal or number != signal.SIGINT:
            self._forward()

    def _forward(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)


def _shown(arguments: Sequence[str]) -> str:
    return f"pulumi {' '.join(arguments)}"
