"""Replaces the app, and rolls out the stack, while requests go on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.contenders import ROOT, STACK, ZONE, Ours
from bench.load.app import App
from bench.load.generator import Load
from bench.load.tally import Tally
from bench.measure import run
from local.ports import LOOPBACK

_BEFORE_AND_AFTER: Final = 200
"""Requests that pass before something is replaced, and after it."""

_HOST: Final = f"{STACK}.{ZONE}"
_BEGINNING: Final = "server.listen("


def containers_replaced(
    app: App,
    *,
    times: int,
    connections: int,
    rate: float | None,
    keep_alive: bool = True,
    heard_late: bool = False,
) -> Tally:
    """Replace the one container by another, again and again: the new one listens before the old one ends.

    Args:
        app: what is replaced.
        times: how often.
        connections: how many there are at once.
        rate: requests in a second; None for as many as it takes.
        keep_alive: whether connections are kept open.
        heard_late: whether new connections go to the old one until it has got SIGTERM and says so, instead of
            to the new one before that.
    """
    current = app.start()
    with Load(lambda: current.address, connections=connections, rate=rate, keep_alive=keep_alive) as load:
        for _ in range(times):
            load.wait_for(_BEFORE_AND_AFTER)
            before, after = current, app.start()
            if heard_late:
                before.begin_to_stop()
            current = after
            before.stop()
        load.wait_for(_BEFORE_AND_AFTER)
    return load.tally


def stack_rolled_out(
    folder: Path, *, times: int, connections: int, rate: float, listens_after: float = 0
) -> Tally:
    """Change the app and run `up`, again and again, with two tasks behind the emulated load balancer.

    Args:
        folder: where the copy of the project is made.
        times: how often.
        connections: how many there are at once.
        rate: requests in a second.
        listens_after: seconds that the changed app takes before it listens.
    """
    ours = Ours.in_folder(folder)
    try:
        run(ours.up(desired_count=2))
        with Load(
            lambda: (LOOPBACK, ours.front_door_port),
            connections=connections,
            rate=rate,
            headers={"Host": f"{_HOST}.localhost:{ours.front_door_port}"},
        ) as load:
            for number in range(times):
                load.wait_for(_BEFORE_AND_AFTER)
                _change(ours.folder / "app" / "server.js", number, listens_after)
                run(ours.command("up", STACK))
            load.wait_for(_BEFORE_AND_AFTER)
        return load.tally
    finally:
        run(ours.command("down"))


def _change(source: Path, number: int, listens_after: float) -> None:
    original = (ROOT / "app" / source.name).read_text()
    if original.count(_BEGINNING) != 1:
        raise ValueError(f"{source.name} has to have one {_BEGINNING!r}, where a slow app can be made of it")
    pause = f"await new Promise((resolve) => setTimeout(resolve, {1000 * listens_after:.0f}));\n"
    slow = original.replace(_BEGINNING, f"{pause}{_BEGINNING}") if listens_after else original
    source.write_text(f"{slow}// version {number}\n")
