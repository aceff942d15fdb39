"""Runs the Pulumi CLI as a child process, which shows its own display and gets Ctrl-C once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, Final, cast

from automation.changes import events
from automation.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Generator

    from automation.changes.events import Events

_GRACE_SECONDS: Final = 10.0
"""How long the program may run after the CLI has exited, until this process is ended."""
_INTERRUPTED: Final = 130


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The CLI in one folder, with its variables."""

    program: Path
    folder: Path
    variables: Mapping[str, str]
    inherited: tuple[int, ...] = ()
    """Descriptors that an update inherits."""

    def ask(self, *arguments: str) -> str:
        """Return the output of a command that changes nothing.

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

    def update(self, *arguments: str, source: Path | None = None) -> Events:
        """Run an operation of the engine with its display on standard error.

        Args:
            arguments: the command and its options.
            source: the program's file, if the operation runs it; it runs on this thread.

        Returns:
            The engine's events.

        Raises:
            ProgramError: it failed; the message holds the errors that were shown.
            KeyboardInterrupt: the user stopped it.
        """
        with TemporaryDirectory(prefix="node-on-ecs-") as temporary:
            log = Path(temporary, "events.json")
            client = ()
            host = None
            if source is not None:
                from automation.stacks.language_host import LanguageHost

                host = LanguageHost(source)
                client = (f"--client={host.address}",)
            code, errors, interrupted = self._run([*arguments, "--event-log", str(log), *client], host)
            found = events.read(log)
        if interrupted:
            raise KeyboardInterrupt
        if code != 0:
            output = "\n".join([*found.errors, *errors])
            raise ProgramError(_shown(arguments), code, output, displayed=True)
        return found

    def _run(self, arguments: Sequence[str], host: Any) -> tuple[int, list[str], bool]:
        terminal = sys.stdin.isatty() and sys.stderr.isatty()
        how = () if terminal else ("--non-interactive", "--color", "never")
        errors: list[str] = []
        with _interruptions(on_terminal=terminal) as interruptions:
            process = subprocess.Popen(
                self._command(*arguments, *how),
                env=self._environment(),
                stdin=None if terminal else subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                stderr=subprocess.PIPE,
                text=True,
                # A terminal sends Ctrl-C to the CLI, too; elsewhere a signal to the group would arrive twice.
                process_group=None if terminal else 0,
                pass_fds=self.inherited,
            )
            interruptions.forward_to(process)

            def watch() -> None:
                for line in cast("IO[str]", process.stderr):
                    errors.append(line.rstrip("\n"))
                    print(line, end="", file=sys.stderr, flush=True)
                process.wait()
                if host is not None:
                    host.close()
                    _end_with(process.returncode, unless=served)

            served = threading.Event()
            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            if host is not None:
                host.serve_until_closed()
                served.set()
            watcher.join()
        return process.returncode, [line for line in errors if line.strip()], interruptions.happened

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.program), *arguments, "--cwd", str(self.folder)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}


def _end_with(code: int, *, unless: threading.Event) -> None:
    """End this process if the program does not return after the engine has exited."""
    if not unless.wait(_GRACE_SECONDS):
        sys.stderr.flush()
        os._exit(code if code > 0 else _INTERRUPTED)


class _Interruptions:
    def __init__(self, *, on_terminal: bool) -> None:
        self.happened = False
        self._on_terminal = on_terminal
        self._process: subprocess.Popen[str] | None = None

    def forward_to(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        if self.happened:
            self._forward()

    def note(self, number: int, _frame: object) -> None:
        self.happened = True
        if not self._on_terminal or number != signal.SIGINT:
            self._forward()

    def _forward(self) -> None:
        # The first asks the CLI to finish what is under way, the second to end at once.
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)


@contextmanager
def _interruptions(*, on_terminal: bool) -> Generator[_Interruptions]:
    found = _Interruptions(on_terminal=on_terminal)
    before: dict[int, Any] = {
        number: signal.signal(number, found.note) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shown(arguments: Sequence[str]) -> str:
    return f"pulumi {' '.join(arguments)}"
