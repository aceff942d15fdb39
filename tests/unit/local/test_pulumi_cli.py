"""How the Pulumi CLI is called: with all that is the local run's own, and with nothing of the person's."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engine import state as states
from local.engine.deployment import Target
from local.engine.errors import InterruptedRunError, StepFailedError
from local.engine.secrets import WrongPassphraseError
from local.engine.state import Pending
from local.pulumi_cli import PulumiCli

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "cli"
PASSPHRASE = "a passphrase"

# Notes how it was called, and what it finds then.
_FAKE = """\
#!{python}
import json, os, signal, sys
from pathlib import Path

here = Path(__file__).parent
state = Path({state!r})
(here / "call.json").write_text(json.dumps({{
    "arguments": sys.argv[1:],
    "environment": dict(os.environ),
    "state": state.read_text() if state.exists() else None,
    "group": os.getpgrp() == os.getpid(),
}}))
{body}
"""


@pytest.fixture(autouse=True)
def _a_persons_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "person"))


@pytest.fixture
def target(tmp_path: Path) -> Target:
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.plain.yaml").write_text(
        "secretsprovider: awskms://alias/x\nencryptedkey: abc\nconfig:\n  toys:colour: red\n"
    )
    return Target(
        project="toys",
        stack="plain",
        root=root,
        backend=tmp_path / "state",
        endpoint="http://127.0.0.1:4566",
        passphrase=PASSPHRASE,
    )


@pytest.fixture
def made(target: Target) -> Target:
    """A stack that is there."""
    target.state_path.parent.mkdir(parents=True)
    shutil.copy(FIXTURES / "plain.json", target.state_path)
    return target


def cli(target: Target, body: str = "", **more: Any) -> PulumiCli:
    """The local run's CLI, with a program behind it that does `body`."""
    folder = target.root.parent
    program = folder / "bin" / "pulumi"
    program.parent.mkdir(exist_ok=True)
    program.write_text(_FAKE.format(python=sys.executable, state=str(target.state_path), body=body))
    program.chmod(0o755)
    return PulumiCli.of(
        str(program), target, region="eu-central-1", folder=folder / "cli", **{"lock": None, **more}
    )


def call(target: Target) -> dict[str, Any]:
    """How the program was called."""
    return json.loads((target.root.parent / "bin" / "call.json").read_text())


def test_a_run_has_a_home_a_backend_and_a_passphrase_of_its_own(
    made: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_STACK", "PULUMI_HOME"):
        monkeypatch.setenv(variable, "the person's")

    cli(made).up()

    environment = call(made)["environment"]
    assert {name: value for name, value in environment.items() if name.startswith("PULUMI_")} == {
        "PULUMI_HOME": str(made.root.parent / "cli" / "home"),
        "PULUMI_BACKEND_URL": f"file://{made.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DEBUG_COMMANDS": "true",
        "PULUMI_RUN_PROGRAM": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    assert environment["AWS_ENDPOINT_URL"] == environment["LOCAL_EMULATOR_ENDPOINT"] == made.endpoint
    assert environment["AWS_REGION"] == "eu-central-1"


def test_the_plugins_are_on_the_path_of_the_cli_and_on_nobody_elses(made: Target) -> None:
    before = os.environ["PATH"]
    cli(made).up()

    first, own, *_ = call(made)["environment"]["PATH"].split(os.pathsep)
    assert own == str(made.root.parent / "bin")
    assert sorted(path.name for path in Path(first).iterdir()) == [
        f"pulumi-resource-{package}" for package in ("aws", "awsx", "docker", "docker-build", "random")
    ]
    assert all(os.access(path, os.X_OK) for path in Path(first).iterdir())
    assert os.environ["PATH"] == before


def test_a_persons_own_files_stay_as_they_are(made: Target) -> None:
    """The CLI writes salts into the stack file that it is given, so it gets a copy."""
    before = (made.root / "Pulumi.plain.yaml").read_bytes()
    program = cli(
        made,
        "path = Path(sys.argv[sys.argv.index('--config-file') + 1]); path.write_text(path.read_text() + '# more')",
    )

    program.up()

    assert (made.root / "Pulumi.plain.yaml").read_bytes() == before
    assert not (made.root.parent / "person").exists()


def test_the_copied_stack_file_has_the_local_states_passphrase(made: Target) -> None:
    """A key that AWS keeps cannot be asked for here."""
    cli(made).up()

    arguments = call(made)["arguments"]
    copy = yaml.safe_load(Path(arguments[arguments.index("--config-file") + 1]).read_text())
    salt = json.loads(made.state_path.read_text())["checkpoint"]["latest"]["secrets_providers"]["state"][
        "salt"
    ]
    assert copy == {"config": {"toys:colour": "red"}, "encryptionsalt": salt}


def test_up_preview_and_destroy_never_ask(made: Target) -> None:
    program = cli(made)
    asked: list[list[str]] = []
    for run in (program.up, program.preview, lambda: program.destroy(unprotect=False)):
        run()
        asked.append(call(made)["arguments"])

    assert [arguments[0] for arguments in asked] == ["up", "preview", "destroy"]
    assert all("--non-interactive" in arguments for arguments in asked)
    assert all("--yes" in arguments for arguments in (asked[0], asked[2]))
    for arguments in asked:
        assert arguments[arguments.index("--stack") + 1] == "plain"
        assert arguments[arguments.index("--cwd") + 1] == str(made.root)


def test_a_refresh_never_asks_and_may_only_look(made: Target) -> None:
    cli(made).refresh(dry_run=False)
    assert call(made)["arguments"][:3] == ["refresh", "--yes", "--skip-preview"]

    cli(made).refresh(dry_run=True)
    assert call(made)["arguments"][:2] == ["refresh", "--preview-only"]


def test_events_are_written_where_the_person_is_and_not_where_the_cli_runs(
    made: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    cli(made).preview(Path("events.json"))

    assert call(made)["arguments"][:4] == ["preview", "--diff", "--event-log", str(tmp_path / "events.json")]


def test_a_refresh_that_only_looked_leaves_no_mark_of_a_run_that_was_cut_off(made: Target) -> None:
    with pytest.raises(StepFailedError):
        cli(made, "sys.exit(1)").refresh(dry_run=True)

    assert not made.marker_path.exists()


def test_a_stack_that_is_not_there_yet_gets_an_empty_state(target: Target) -> None:
    cli(target).up()

    written = json.loads(call(target)["state"])["checkpoint"]
    assert (written["stack"], written["latest"].get("resources")) == ("organization/toys/plain", [])


def test_a_preview_of_what_is_not_there_yet_leaves_nothing(target: Target) -> None:
    cli(target).preview()

    assert call(target)["state"] is not None
    assert not target.state_path.exists()
    assert not target.marker_path.exists()


def test_a_run_that_failed_is_told_and_remembered_until_one_has_worked(made: Target) -> None:
    with pytest.raises(StepFailedError, match="`pulumi up` ended with exit code 3"):
        cli(made, "sys.exit(3)").up()
    assert made.marker_path.exists()

    cli(made).up()
    assert not made.marker_path.exists()


def test_a_wrong_passphrase_is_one_sentence_before_anything_is_begun(made: Target) -> None:
    """Also where the state has no secrets: the CLI opens its salt all the same."""
    with pytest.raises(WrongPassphraseError, match="set PULUMI_CONFIG_PASSPHRASE to the one"):
        cli(replace(made, passphrase="another")).up()

    assert not (made.root.parent / "bin" / "call.json").exists()
    assert not made.marker_path.exists()


def test_after_a_run_that_was_cut_off_the_plugins_learn_what_the_state_knows(made: Target) -> None:
    program = cli(made)
    program.up()
    assert "LOCAL_KNOWN_RESOURCES" not in call(made)["environment"]

    made.marker_path.write_text("1\n")
    program.up()
    known = Path(call(made)["environment"]["LOCAL_KNOWN_RESOURCES"])
    things = [r.id for r in load(made).resources if r.type == "toy:index:Thing"]
    assert [identifier for token, identifier in json.loads(known.read_text()) if "Thing" in token] == things

    program.up()
    assert "LOCAL_KNOWN_RESOURCES" not in call(made)["environment"]


def load(target: Target) -> states.Checkpoint:
    return states.load(target.state_path, target.project, target.stack, target.passphrase)


def test_what_was_begun_and_not_ended_is_left_to_the_creation(made: Target) -> None:
    """The CLI would only ask about it, in each further run."""
    checkpoint = load(made)
    checkpoint.pending.append(Pending("creating", replace(checkpoint.resources[-1], id="", outputs={})))
    states.write(made.state_path, states.encode(checkpoint))

    cli(made).up()

    assert not json.loads(call(made)["state"])["checkpoint"]["latest"].get("pending_operations")
    assert call(made)["environment"]["LOCAL_KNOWN_RESOURCES"]


@pytest.mark.parametrize("protected", [True, False])
def test_protection_is_taken_away_only_where_that_is_asked_for(made: Target, *, protected: bool) -> None:
    """AWS has one of its own for what is not empty."""
    checkpoint = load(made)
    checkpoint.resources[-1].protect = True
    checkpoint.resources[-1].outputs["forceDelete"] = False
    states.write(made.state_path, states.encode(checkpoint))

    cli(made).destroy(unprotect=not protected)

    resource = json.loads(call(made)["state"])["checkpoint"]["latest"]["resources"][-1]
    assert (resource.get("protect", False), resource["outputs"]["forceDelete"]) == (protected, not protected)


def test_a_lock_of_a_cli_that_is_gone_is_removed_and_another_one_kept(made: Target) -> None:
    folder = made.backend / ".pulumi" / "locks" / "organization" / "toys" / "plain"
    folder.mkdir(parents=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name, content in (("gone", {"pid": gone.pid}), ("lives", {"pid": os.getpid()}), ("other", [])):
        (folder / f"{name}.json").write_text(json.dumps(content))

    cli(made).up()

    assert sorted(path.stem for path in folder.iterdir()) == ["lives", "other"]


def test_an_interruption_reaches_the_cli_once_and_is_told_as_one(made: Target) -> None:
    """In the group of this process a Ctrl-C would reach it twice, which means: at once."""
    body = """
def stop(number, frame):
    with (here / "signals").open("a") as file:
        file.write("one")
    sys.exit(1)

signal.signal(signal.SIGINT, stop)
os.kill(os.getppid(), signal.SIGINT)
signal.pause()
"""
    with pytest.raises(InterruptedRunError, match="the next run goes on from there"):
        cli(made, body).up()

    assert (made.root.parent / "bin" / "signals").read_text() == "one"
    assert call(made)["group"]
    assert made.marker_path.exists()


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    """The descriptor of a lock."""
    descriptor = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_the_lock_is_held_beside_this_process_while_the_cli_runs(made: Target, lock: int) -> None:
    """Else a second run could begin while the CLI of one that was killed goes on."""
    body = f"""
def held():
    for name in os.listdir("/proc"):
        try:
            if os.readlink(f"/proc/{{name}}/fd/{lock}") == {str(made.root.parent / "lock")!r}:
                yield int(name)
        except OSError:
            pass

while len(holders := [*held()]) < 2:
    pass
(here / "holders.json").write_text(json.dumps([os.getpid(), *holders]))
"""
    cli(made, body, lock=lock).up()

    called, *holders = json.loads((made.root.parent / "bin" / "holders.json").read_text())
    assert os.getpid() in holders
    # It would hand it on to whatever it starts.
    assert called not in holders


def test_the_lock_is_free_as_soon_as_a_run_ends(made: Target, lock: int, tmp_path: Path) -> None:
    cli(made, lock=lock).up()
    fcntl.flock(lock, fcntl.LOCK_UN)

    with (tmp_path / "lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.fixture
def _official(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_PROVIDER", "official")


@pytest.mark.usefixtures("_official")
def test_official_plugins_are_sent_to_the_emulator_and_may_be_fetched(made: Target) -> None:
    cli(made).up()

    environment = call(made)["environment"]
    assert environment["AWS_ENDPOINT_URL"] == made.endpoint
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in environment
    plugins = Path(environment["PATH"].split(os.pathsep)[0])
    assert sorted(path.name for path in plugins.iterdir()) == [
        f"pulumi-resource-{package}" for package in ("docker", "docker-build", "random")
    ]


@pytest.mark.usefixtures("_official")
def test_official_plugins_are_those_that_the_persons_own_cli_has(made: Target) -> None:
    """They are a gigabyte, and so are not fetched for the local run again."""
    plugins = made.root.parent / "person" / ".pulumi" / "plugins"
    plugins.mkdir(parents=True)

    for _ in range(2):
        cli(made).up()

    assert (Path(call(made)["environment"]["PULUMI_HOME"]) / "plugins").resolve() == plugins
    assert list(plugins.parent.iterdir()) == [plugins]
