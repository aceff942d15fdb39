"""Runs any stack on this machine: `python -m local up | preview | refresh | down | logs | status`."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from local.docker import DockerError
from local.emulator import EmulatorError
from local.engine.errors import EngineError, InterruptedRunError, StepFailedError
from local.front_door import NoAnswerError
from local.isolation import isolate
from local.ports import PortError
from local.processes import ProcessError
from local.resources.base import ResourceError

_FAILED: Final = 1
_INTERRUPTED: Final = 130
_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES})
_REFUSALS: Final = (
    EngineError,
    ResourceError,
    DockerError,
    EmulatorError,
    PortError,
    ProcessError,
    NoAnswerError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 usage, 130 interrupted."""
    chosen = _parser().parse_args(arguments)
    isolate()
    # gRPC tells of connections that end on purpose, in the middle of the output.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        return _run(chosen)
    except (KeyboardInterrupt, OSError, *_REFUSALS) as error:
        return _tell(error, chosen.command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, words in (
        ("up", "make the stack what its program says, with real containers, and print its addresses"),
        ("preview", "show what `up` would do"),
        ("refresh", "bring the state to what is there, whoever changed it"),
        ("status", "show what runs"),
        ("logs", "print what the services have logged"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("stack", nargs="?", default="dev", help="name of the stack (default: dev)")
        if name == "up":
            command.add_argument(
                "--healthy-within",
                type=float,
                default=120.0,
                metavar="SECONDS",
                help="how long to wait for every address to answer 200 (default: 120)",
            )
        if name == "refresh":
            command.add_argument(
                "--preview-only", action="store_true", help="show how the state differs, and leave it"
            )
        if name in ("preview", "refresh"):
            command.add_argument(
                "--event-log", type=Path, metavar="FILE", help="write Pulumi's engine events, for programs"
            )
        if name == "logs":
            command.add_argument("--follow", "-f", action="store_true", help="go on until Ctrl-C")
    words = "delete stacks, and with the last one everything that the local run made"
    command = commands.add_parser("down", help=words, description=words)
    command.add_argument("stacks", nargs="*", metavar="stack", help="only these (default: all)")
    return parser


def _tell(error: BaseException, command: str) -> int:
    """Say in one sentence why a command ended, and return its exit code."""
    match error:
        case KeyboardInterrupt() | InterruptedRunError():
            print(str(error) or "interrupted", file=sys.stderr)
            return _INTERRUPTED
        case BrokenPipeError():
            # `make logs | head` has read enough; Python would complain once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case StepFailedError():
            # Why was told when it happened.
            goes_on = ": what was made is in the state, and the next run goes on from there"
            print(f"\nfailed{'' if command == 'preview' else goes_on}", file=sys.stderr)
        case OSError() if error.errno in _UNWRITABLE:
            print(f"error: {error.filename or 'a file'} cannot be written: {error.strerror}", file=sys.stderr)
        case OSError():
            raise error
        case _:
            print(f"error: {error}", file=sys.stderr)
    return _FAILED


def _run(chosen: argparse.Namespace) -> int:
    from local import commands

    match chosen.command:
        case "up":
            return commands.up(chosen.stack, healthy_within_seconds=chosen.healthy_within)
        case "preview":
            return commands.preview(chosen.stack, event_log=chosen.event_log)
        case "refresh":
            return commands.refresh(chosen.stack, dry_run=chosen.preview_only, event_log=chosen.event_log)
        case "status":
            return commands.status(chosen.stack)
        case "logs":
            # With `--follow` it may go on for days.
            gc.enable()
            return commands.logs(chosen.stack, follow=chosen.follow)
        case _:
            return commands.down(chosen.stacks)


if __name__ == "__main__":
    # What a command loads and makes lives to its end: the collector would walk through all of it again and
    # again, for half of the time, and once more at the exit.
    gc.disable()
    code = main()
    gc.freeze()
    sys.exit(code)
