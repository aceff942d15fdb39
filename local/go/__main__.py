"""`python -m local.go MODULE PACKAGE OUTPUT`: builds a program from its Go module."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from local.go import build
from local.job import Job, JobError


def main(module: str, package: str, output: str) -> None:
    """Build `package` of `module` into the file `output`."""
    target = Path(output).resolve()
    with TemporaryDirectory(dir=target.parent) as folder:
        job = Job(folder=Path(folder), say=lambda line: print(line, file=sys.stderr, flush=True))
        try:
            build(job, what=target.name, module=Path(module).resolve(), package=package, output=target)
        except JobError as error:
            sys.exit(f"{target.name} could not be built: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
