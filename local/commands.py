"""What each command does and prints."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from local import engines
from local.display import Display
from local.emulator import Emulator
from local.engine import state as states
from local.engine import wire
from local.engine.errors import EngineError
from local.front_door import FrontDoor, NoAnswerError
from local.home import Home
from local.lock import locked
from local.resources.cloud import Cloud
from local.services import describe
from local.session import Session, local_address
from local.teardown import take_down

_LOG_PAUSE_SECONDS: Final = 1.0


def up(stack: str, *, healthy_within_seconds: float) -> int:
    """Make the stack, wait until it answers, print its addresses."""
    display, home = Display(dry_run=False), Home()
    with locked(home.folder, f"up {stack}") as lock:
        session = Session.start(stack, home, display.say, lock=lock)
        outputs = _refusals_told(lambda: session.run(display, dry_run=False)).outputs()
        if session.pulumi is None:
            display.summary(_masked(outputs))
        try:
            answering = session.wait_until_answered(outputs, healthy_within_seconds)
        except NoAnswerError as error:
            display.say(f"\n{error}\n`make logs` shows what was logged.")
            return 1
    display.say("")
    for name, address in session.addresses(outputs).items():
        how = "answers" if name in answering else "has no tasks (desired-count 0), else it would answer"
        display.say(f"{name} {how} at {address}")
    return 0


def preview(stack: str, *, event_log: Path | None = None) -> int:
    """Show what `up` would do."""
    display, home = Display(dry_run=True), Home()
    with locked(home.folder, f"preview {stack}") as lock:
        session = Session.start(stack, home, display.say, lock=lock)
        outputs = _refusals_told(lambda: session.run(display, dry_run=True, event_log=event_log)).outputs()
    if session.pulumi is None:
        display.summary(_masked(outputs))
    return 0


def refresh(stack: str, *, dry_run: bool, event_log: Path | None = None) -> int:
    """Bring the state to what is there, or only show how it differs."""
    display, home = Display(dry_run=dry_run), Home()
    with locked(home.folder, f"refresh {stack}") as lock:
        session = Session.start(stack, home, display.say, lock=lock)
        session.refresh(display, dry_run=dry_run, event_log=event_log)
    return 0


def down(stacks: list[str]) -> int:
    """Delete stacks and, with the last one, all the rest."""
    display, home = Display(dry_run=False), Home()
    with locked(home.folder, "down") as lock:
        take_down(home, stacks, display, lock=lock)
    if engines.program() is None:
        display.summary({})
    return 0


def status(stack: str) -> int:
    """Print what runs: emulator, front door, and each service with its tasks and address."""
    home = Home()
    emulator, door = Emulator.running(home.folder), FrontDoor.running(home.folder)
    print(f"emulator    {emulator.endpoint if emulator else 'does not run'}")
    print(f"front door  {f'http://127.0.0.1:{door.port}' if door else 'does not run'}")
    if emulator is None or door is None:
        print("`make up` starts what does not run.")
        return 1
    outputs = _outputs(home, stack, emulator)
    for name, service in sorted(_services(emulator, outputs).items()):
        address = local_address(door, outputs["urls"][name])
        print(f"{name:<12}{service['runningCount']}/{service['desiredCount']} tasks  {address}")
    return 0


def logs(stack: str, *, follow: bool) -> int:
    """Print what the stack's services have logged."""
    home = Home()
    emulator = Emulator.running(home.folder)
    if emulator is None:
        raise EngineError("the emulator does not run: `make up` starts it")
    group = _outputs(home, stack, emulator)["log_group_name"]
    pages = Cloud(emulator.endpoint, region=emulator.region).client("logs").get_paginator("filter_log_events")
    seen: set[str] = set()
    while True:
        for page in pages.paginate(logGroupName=group):
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    print(
                        f"{event['logStreamName'].split('/')[0]:<12} {event['message'].rstrip()}", flush=True
                    )
        if not follow:
            return 0
        time.sleep(_LOG_PAUSE_SECONDS)


def _services(emulator: Emulator, outputs: dict[str, Any]) -> dict[str, Any]:
    cloud = Cloud(emulator.endpoint, region=emulator.region)
    return describe(cloud, outputs["cluster_name"], outputs["service_names"])


def _outputs(home: Home, stack: str, emulator: Emulator) -> dict[str, Any]:
    target = home.target(stack, emulator.endpoint)
    if not target.state_path.exists():
        raise EngineError(f"there is no local stack {stack!r}: `make up STACK={stack}` makes it")
    checkpoint = states.load(target.state_path, target.project, stack, target.passphrase)
    outputs: dict[str, Any] = wire.reveal(checkpoint.outputs())
    if "service_names" not in outputs:
        raise EngineError(f"stack {stack!r} is not complete: `make up STACK={stack}` goes on with it")
    return outputs


def _masked(outputs: dict[str, Any]) -> dict[str, Any]:
    return wire.map_secrets(outputs, lambda _: "[secret]")


def _refusals_told(run: Callable[[], states.Checkpoint]) -> states.Checkpoint:
    """Run, and turn what the program itself refuses into a message without a traceback."""
    import pulumi

    try:
        return run()
    except pulumi.RunError as error:
        raise EngineError(str(error)) from error
