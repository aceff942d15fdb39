"""What is done to the app and to the stack while requests go on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.contenders import ZONE, Command, Ours
from bench.load.app import App
from bench.load.generator import Load
from bench.load.tally import Tally
from bench.measure import run
from local.ports import LOOPBACK

_BEFORE_AND_AFTER: Final = 200
"""Requests that pass before something is replaced, and after it."""

_HOST: Final = f"bench.{ZONE}"


def containers_replaced(
    app: App, *, times: int, connections: int, rate: float, keep_alive: bool = True
) -> Tally:
    """Replace the one container by another, again and again: the new one listens before the old one ends."""
    current = app.start()
    with Load(lambda: current.address, connections=connections, rate=rate, keep_alive=keep_alive) as load:
        for _ in range(times):
            load.wait_for(_BEFORE_AND_AFTER)
            before, current = current, app.start()
            before.stop()
        load.wait_for(_BEFORE_AND_AFTER)
    return load.tally


def stack_rolled_out(folder: Path, *, connections: int, rate: float) -> Tally:
    """Change the app and run `make up`, with two tasks behind the emulated load balancer."""
    ours = Ours.in_folder(folder)
    try:
        _run(ours.up(1, desired_count=2))
        with Load(
            lambda: (LOOPBACK, ours.front_door_port),
            connections=connections,
            rate=rate,
            headers={"Host": f"{_HOST}.localhost:{ours.front_door_port}"},
        ) as load:
            load.wait_for(_BEFORE_AND_AFTER)
            source = ours.folder / "app" / "server.js"
            source.write_text(f"{source.read_text()}\n// another version\n")
            _run(ours.make("up", "bench"))
            load.wait_for(_BEFORE_AND_AFTER)
        return load.tally
    finally:
        _run(ours.make("down"))


def _run(command: Command) -> None:
    run(command.words, folder=command.folder, environment=command.environment)
