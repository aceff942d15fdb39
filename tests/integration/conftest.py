"""What tests against the emulator share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.docker_daemon import DockerDaemon
from local.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _docker_goes_on() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    """A test that takes its project down would stop the daemon under the next one."""
    with DockerDaemon().kept_running():
        yield


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One MiniStack for the whole session, on a port of its own; names in it must be the test's own."""
    emulator = Emulator.start_or_join(port=0, state_dir=tmp_path_factory.mktemp("emulator"))
    try:
        emulator.wait_until_ready()
        yield emulator
    finally:
        emulator.stop()
