"""`dev` on a stack that is up: each change answers at once, and what `up` made is there again afterwards."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from bench.change.__main__ import READY, change_packages, change_source, image_version, page
from local.docker import connect, engine
from tests.integration.project import DOMAIN, Project

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("dev")]

LONGEST_SECONDS = 20
"""A busy machine takes longer than the second that docs/benchmarks.md has."""


def containers(project: Project) -> list[dict[str, Any]]:
    """What runs for the tasks of a project's emulator."""
    with closing(connect()) as client:
        api = engine(client)
        found = api.containers(filters={"label": "com.amazonaws.ecs.task-arn"})
        labels = [(one["Id"], one["Labels"].get("ministack.instance", "")) for one in found]
        port = str(project.emulator_port)
        return [api.inspect_container(one) for one, label in labels if label.endswith(f":{port}")]


class Dev:
    """`dev` beside the test, with what it says."""

    def __init__(self, project: Project) -> None:
        self.lines: list[str] = []
        self._ready = threading.Event()
        self._process = project.begin("dev", "dev")
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(READY):
                self._ready.set()

    def wait_until_ready(self) -> None:
        assert self._ready.wait(120), "\n".join(self.lines)
        self._ready.clear()

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self._process.send_signal(number)
        code = self._process.wait(timeout=120)
        for reader in self._readers:
            reader.join(10)
        return code


def test_dev_applies_changes_at_once_and_ctrl_c_restores_the_deployed_image(dev: Project) -> None:
    app, get_page = dev.folder / "app", partial(page, DOMAIN, dev.front_door_port)
    plain = containers(dev)
    running = Dev(dev)
    try:
        running.wait_until_ready()
        live = containers(dev)
        seconds = change_source(app, get_page, "a change of the style")
        first = image_version(get_page())
        change_packages(app, get_page, "2.0.0")
        running.wait_until_ready()
        seconds_of_new_image = change_source(app, get_page, "another change")
    finally:
        code = running.end()
    output = "\n".join(running.lines)

    assert code == 0, output
    assert max(seconds, seconds_of_new_image) < LONGEST_SECONDS
    assert "src/page.css: web answers with it after " in output
    assert "app/package.json: it describes the packages or the build: `up`" in output
    assert any(line.startswith("web  ") and '"listening"' in line for line in running.lines)
    assert [one["HostConfig"]["Binds"] for one in live] != [one["HostConfig"]["Binds"] for one in plain]
    # What runs now is the new image, as it was built.
    assert image_version(get_page()) not in {"", first}
    assert [(one["Path"], one["Args"], one["HostConfig"]["Binds"]) for one in containers(dev)] == [
        (one["Path"], one["Args"], one["HostConfig"]["Binds"]) for one in plain
    ]
    assert not (dev.folder / ".local" / "live" / "dev").exists()


def test_up_replaces_the_live_tasks_of_a_killed_dev(dev: Project) -> None:
    def binds() -> list[Any]:
        return [one["HostConfig"]["Binds"] for one in containers(dev)]

    plain = binds()
    running = Dev(dev)
    try:
        running.wait_until_ready()
    finally:
        running.end(signal.SIGKILL)
    left = binds()

    text = dev.up().text

    assert left != plain
    assert "they are replaced" in text
    assert binds() == plain
    assert not (dev.folder / ".local" / "live" / "dev").exists()
