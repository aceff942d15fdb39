"""`python -m automation --local` in a copy of the project, as a person would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from tests.integration.project import Project

_SECONDS = 240


@dataclass(frozen=True)
class Told:
    """How a command ended, and what it printed where."""

    code: int
    out: str
    err: str


def begin(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Begin a command."""
    return subprocess.Popen(
        [sys.executable, "-m", "automation", "--local", *arguments],
        cwd=project.folder,
        env={
            **os.environ,
            "LOCAL_ENGINE": project.engine,
            "EMULATOR_PORT": str(project.emulator_port),
            "FRONT_DOOR_PORT": str(project.front_door_port),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(project.folder),
            # What must not be asked for, nor reached.
            "AWS_PROFILE": "somebody-else",
            **project.environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def drive(project: Project, *arguments: str) -> Told:
    """Run a command to its end."""
    process = begin(project, *arguments)
    try:
        out, err = process.communicate(timeout=_SECONDS)
    except BaseException:
        process.kill()
        raise
    return Told(process.returncode, out, err)
