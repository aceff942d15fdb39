"""What is left of a run that did not come to its end, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.locks import stack_locked
from tests.integration import inventory
from tests.integration.loaded_process import Command
from tests.integration.project import Project, Run

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("without tasks")]

NOTHING = (Counter[str](), Counter[str]())


@pytest.fixture(scope="module")
def standing(without_tasks: Project) -> Project:
    """A stack `standing`, which no test changes for good."""
    without_tasks.write_without_tasks("standing")
    without_tasks.up("standing")
    return without_tasks


def completes(project: Project, stack: str) -> Run:
    """Hold that the next `up` makes what is missing, and nothing twice."""
    run = project.up(stack)

    assert inventory.orphans(project.endpoint, project.folder) == NOTHING
    return run


@pytest.mark.parametrize(("accident", "number"), [("driver", 8), ("both", 15)])
def test_repeatedly_killed_updates_create_everything_exactly_once(
    standing: Project, accident: str, number: int
) -> None:
    """Killed alone, the driver leaves a CLI that writes its state; if both are killed, only tags show what was created."""
    stack = f"killed-{accident}"
    standing.write_without_tasks(stack)

    run = standing.run_with(accident, number, "up", stack)

    assert run.code == 0, run.text
    assert run.kills >= 2
    assert inventory.orphans(standing.endpoint, standing.folder) == NOTHING
    assert completes(standing, stack).changed == set()


def test_repeatedly_killed_deletions_leave_nothing(standing: Project) -> None:
    before = inventory.emulated(standing.endpoint)
    standing.write_without_tasks("going")
    standing.up("going")

    run = standing.run_with("both", 20, "down", "going")

    assert run.code == 0, run.text
    assert run.kills >= 2
    assert inventory.emulated(standing.endpoint) - before == Counter({inventory.KEPT_FOR_A_ROLLBACK: 1})
    assert not standing.state_file("going").exists()


def test_a_killed_cli_fails_the_run_and_the_next_run_completes_it(standing: Project) -> None:
    standing.write_without_tasks("cli")

    run = standing.run_with("cli", 20, "up", "cli")

    assert run.code == 1
    assert "ended with exit code -9" in run.err
    assert "Traceback" not in run.err
    completes(standing, "cli")


def begin(project: Project, stack: str) -> Command:
    """Begin an `up`, and return when it has made a third of the stack."""
    project.write_without_tasks(stack)
    process = project.begin("up", stack)
    assert process.stderr is not None
    made = 0
    for line in process.stderr:
        made += " created (" in line
        if made == 20:
            return process
    raise AssertionError("it ended before it could be interrupted")


def emulator_of(project: Project) -> int:
    """Return the process of the emulator."""
    return int(json.loads((project.folder / ".local" / "emulator.json").read_text())["pid"])


@contextmanager
def held_up(process: int) -> Iterator[None]:
    """Let a process stand still meanwhile."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_ctrl_c_lets_running_steps_finish_and_the_next_up_continues(standing: Project) -> None:
    process = begin(standing, "interrupted")
    with held_up(emulator_of(standing)):
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "interrupted: the next run continues from here" in err
    assert inventory.orphans(standing.endpoint, standing.folder) == NOTHING
    made = len(standing.resources("interrupted"))
    run = completes(standing, "interrupted")
    assert len(run.changed) <= len(standing.resources("interrupted")) - made


def test_a_second_ctrl_c_ends_the_run_at_once_and_the_next_up_recovers(standing: Project) -> None:
    process = begin(standing, "stopped")
    with held_up(emulator_of(standing)):
        process.send_signal(signal.SIGINT)
        # Two signals at once are one: the second comes when the first has been handled.
        assert process.stderr is not None
        assert any("press ^C again" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        # Nothing answers, so whatever is under way cannot have finished.
        _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    completes(standing, "stopped")


def test_the_next_run_waits_for_a_cli_that_lost_its_driver(
    standing: Project,
) -> None:
    """It still writes the state: two at once would write two."""
    process = begin(standing, "outlived")
    held = {str(path.readlink()) for path in Path(f"/proc/{cli_of(process)}/fd").iterdir()}
    process.kill()
    process.communicate(timeout=60)

    assert str(standing.folder / ".local" / "outlived.lock") in held
    completes(standing, "outlived")


def cli_of(driver: Command) -> int:
    """Return the process of the Pulumi CLI."""
    # Each thread has the children that it started.
    for thread in Path(f"/proc/{driver.pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            if Path("/proc", child, "exe").resolve().name == "pulumi":
                return int(child)
    raise AssertionError("the driver has no CLI")


@pytest.mark.parametrize("command", ["up", "preview", "drift", "down"])
def test_a_second_run_on_a_stack_is_refused_with_the_first_ones_process(
    standing: Project, command: str
) -> None:
    with stack_locked(standing.folder / ".local", "standing", "up standing"):
        run = standing.run(command, "standing")

    assert run.code == 1
    assert run.err.startswith(
        f"error: another run is under way (`up standing`, process {os.getpid()}): wait for its end, or stop it"
    )


def truncated(text: str) -> str:
    return text[: len(text) // 2]


def corrupt(_: str) -> str:
    return '{"version": 3, "checkpoint": {"latest": {"resources": ["\N{PILE OF POO}"]}}}'


def test_a_corrupt_state_is_refused_and_restored_from_the_named_copy(standing: Project) -> None:
    """A `down` of it alone needs the state as well: others are in the same emulator."""
    state = standing.state_file("standing")
    copy = state.with_suffix(".json.bak")
    refused: list[Run] = []
    for damage in (truncated, corrupt):
        state.write_text(damage(state.read_text()))
        try:
            refused += [standing.run(command, "standing") for command in ("up", "preview", "down")]
        finally:
            shutil.copy(copy, state)

    for run in refused:
        assert run.code == 1
        assert f"`cp {copy} {state}`" in run.err
        assert "Traceback" not in run.err
    assert standing.up("standing").changed == set()


def test_a_full_disk_stops_the_run_and_the_next_run_adopts_its_resources(standing: Project) -> None:
    """At the first limit the CLI cannot write the state, at the second nobody can write anything."""
    standing.write_without_tasks("full")

    runs = [standing.run_with("disk", most, "up", "full") for most in (20_000, 10)]

    for run in runs:
        assert run.code == 1, run.text
        assert "file too large" in run.err.lower()
        assert "Traceback" not in run.err
    completes(standing, "full")
