"""Leaves nothing running when the tests are interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest


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

    for kind in (FrontDoor, Emulator):
        for record in below.rglob(f"{kind.NAME.replace(' ', '_')}.json"):
            server = kind.recorded(record.parent)
            if server is not None:
                server.stop()
