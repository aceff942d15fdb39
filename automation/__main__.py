"""`python -m automation`: see `automation.cli`."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

_VENV = Path(__file__).resolve().parent.parent / ".venv"


def _enter_virtual_environment() -> None:
    """Restart with the Python of `.venv`, which has the project's packages."""
    python = _VENV / "bin" / "python"
    if Path(sys.prefix).resolve() != _VENV.resolve() and python.exists():
        os.execv(python, [str(python), "-m", "automation", *sys.argv[1:]])  # noqa: S606 -- no shell is needed


if __name__ == "__main__":
    _enter_virtual_environment()
    try:
        from automation.cli import main
    except ModuleNotFoundError as error:
        sys.exit(f"error: {sys.executable} has no package {error.name}: `make venv` creates one that has all")
    # Nearly all objects of a command live until it exits: garbage collection would take a third of the time.
    gc.disable()
    try:
        main()
    finally:
        gc.freeze()
