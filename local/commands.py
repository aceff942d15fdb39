"""What each command does and prints."""

from __future__ import annotations

import time
from typing import Any, Final

from local.display import Display
from local.emulator import Emulator
from local.engine import state as states
from local.engine import wire
from local.engine.errors import EngineError
from local.front_door import FrontDoor, NoAnswerError
from local.resources.cloud import Cloud
from local.session import Home, Session, load_project_name, local_address, passphrase
from local.session import down as take_down
from local.steadiness import NotSteadyError, Services

_LOG_PAUSE_SECONDS: Final = 1.0


def up(stack: str, *, healthy_within_seconds: float) -> int:
    """Make the stack, wait until it answers, print its addresses."""
    display = Display(dry_run=False)
    session = Session(stack, Home(), display.say)
    outputs = _guarded(lambda: session.up(display)).outputs()
    display.summary({key: wire.map_secrets(value, lambda _: "[secret]") for key, value in outputs.items()})
    addresses = session.open(outputs)
    try:
        session.wait_until_healthy(outputs, addresses, healthy_within_seconds)
    except (NotSteadyError, NoAnswerError) as error:
        display.say(f"\n{error}\n`make logs` shows what they logged.")
        return 1
    display.say("")
    for name, address in addresses.items():
        display.say(f"{name} answers at {address}")
    return 0


def preview(stack: str) -> int:
    """Show what `up` would do."""
    display = Display(dry_run=True)
    session = Session(stack, Home(), display.say)
    outputs = _guarded(lambda: session.preview(display)).outputs()
    display.summary({key: wire.map_secrets(value, lambda _: "[secret]") for key, value in outputs.items()})
    return 0


def down(stacks: list[str]) -> int:
    """Delete stacks and, with the last one, all the rest."""
    display = Display(dry_run=False)
    take_down(Home(), stacks, display, display.say)
    display.summary({})
    return 0


def status(stack: str) -> int:
    """Print what runs: emulator, front door, and each service with its tasks and address."""
    home = Home()
    emulator, door = Emulator.running(home.folder), FrontDoor.running(home.folder)
    print(f"emulator    {emulator.endpoint if emulator else 'does not run'}")
    print(f"front door  {f'http://127.0.0.1:{door.port}' if door else 'does not run'}")
    if emulator is None:
        print("`make up` starts both.")
        return 1
    outputs = _outputs(home, stack)
    services = Services(Cloud(emulator.endpoint), outputs["cluster_name"], outputs["service_names"])
    for name, service in services.describe().items():
        url = outputs["urls"][name]
        address = local_address(door, url) if door else url
        print(f"{name:<12}{service['runningCount']}/{service['desiredCount']} tasks  {address}")
    return 0


def logs(stack: str, *, follow: bool) -> int:
    """Print what the stack's services have logged."""
    home = Home()
    emulator = Emulator.running(home.folder)
    if emulator is None:
        raise EngineError("the emulator does not run: `make up` starts it")
    group = _outputs(home, stack)["log_group_name"]
    client = Cloud(emulator.endpoint).client("logs")
    seen: set[str] = set()
    while True:
        for event in client.filter_log_events(logGroupName=group)["events"]:
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                print(f"{event['logStreamName'].split('/')[0]:<12} {event['message'].rstrip()}", flush=True)
        if not follow:
            return 0
        time.sleep(_LOG_PAUSE_SECONDS)


def _outputs(home: Home, stack: str) -> dict[str, Any]:
    path = states.path_of(home.backend, load_project_name(), stack)
    if not path.exists():
        raise EngineError(f"there is no local stack {stack!r}: `make up STACK={stack}` makes it")
    outputs: dict[str, Any] = wire.reveal(states.load(path, "", stack, passphrase()).outputs())
    if "service_names" not in outputs:
        raise EngineError(f"stack {stack!r} is not complete: `make up STACK={stack}` goes on with it")
    return outputs


def _guarded(run: Any) -> states.Checkpoint:
    """Run, and turn what the program itself refuses into a message."""
    import pulumi

    try:
        return run()
    except pulumi.RunError as error:
        raise EngineError(str(error)) from error
