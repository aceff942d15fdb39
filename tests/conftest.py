"""Hands out tests by project or by file, and leaves nothing running when they are interrupted."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling


class _ByProjectOrFile(LoadGroupScheduling):
    """Gives a worker all tests of a group, or of a file: what they share is made once.

    In the order of collection, in which the long ones come first: so both workers end at the same time.
    """

    def _split_scope(self, nodeid: str) -> str:
        group = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadGroupScheduling | None:
    return _ByProjectOrFile(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without garbage collection, and keep the SDKs and tests out of each later one.

    They stay until the end, and most of a garbage collection's time is spent on them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int | pytest.ExitCode) -> None:
    """After Ctrl-C, stop the servers of all workers: pytest-xdist ends these before their fixtures do it."""
    is_worker = hasattr(session.config, "workerinput")
    if exitstatus == pytest.ExitCode.INTERRUPTED and not is_worker:
        made: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
        stop_servers(made.getbasetemp())


def stop_servers(below: Path) -> None:
    """Stop each emulator, with its containers, and each front door that has a record below this folder."""
    from local.emulator import Emulator
    from local.front_door.process import FrontDoor

    kinds = {f"{kind.NAME.replace(' ', '_')}.json": kind for kind in (FrontDoor, Emulator)}
    # Workers that end at the same time delete their own folders; `os.walk` skips a missing one.
    found = [(Path(folder), name) for folder, _, files in os.walk(below) for name in kinds.keys() & files]
    for folder, name in sorted(found, key=lambda one: [*kinds].index(one[1])):
        server = kinds[name].recorded(folder)
        if server is not None:
            server.stop()
