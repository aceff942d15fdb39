"""What the documents show of the configuration is what the program takes and says."""

from __future__ import annotations

import json
import re
from itertools import zip_longest

import pytest
import yaml

from infra.settings import SettingsError, keys, parse
from tests.unit.infra.settings_fixtures import PROJECT, PROJECT_ROOT, named, settings_of

DOCUMENT = (PROJECT_ROOT / "docs/configuration.md").read_text(encoding="utf-8")
STRATEGIES = (PROJECT_ROOT / "docs/strategies.md").read_text(encoding="utf-8")
ROLLOUTS = (PROJECT_ROOT / "docs/rollouts.md").read_text(encoding="utf-8")
README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
FIRST = DOCUMENT.partition("## The keys to begin with")[2].partition("\n## ")[0]
FIRST_KEYS = [
    (name, default)
    for names, defaults in re.findall(r"^\| (`[a-z`, -]+`) \|([^|]*)\|", FIRST, re.MULTILINE)
    for name, default in zip_longest(
        re.findall(r"`([^`]+)`", names), re.findall(r"`([^`]+)`", defaults), fillvalue=""
    )
]
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT + STRATEGIES + ROLLOUTS, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[2].strip())
def test_every_example_is_a_valid_configuration(example: str) -> None:
    config = yaml.safe_load(example)["config"]
    # A stack cannot attach to itself.
    stack = "pr-123" if "node-on-ecs:attach-to" in config else "dev"

    assert settings_of(config, stack=stack) != settings_of({}, stack=stack)


def test_every_linked_key_exists() -> None:
    table = DOCUMENT.partition("## What people ask for, and the key")[2].partition("\n## ")[0]
    named = {
        word
        for row in re.findall(r"^\| [^|]* \|([^|]*)\|$", table, re.MULTILINE)
        for word in re.findall(r"`([a-z-]+)`", row)
    }

    assert len(named) > 30
    assert named <= keys().keys()


def test_the_quoted_message_is_the_programs() -> None:
    with pytest.raises(SettingsError) as raised:
        parse(named({"desird-count": "2", "cpu": "1024"}), project=PROJECT, stack="dev")

    assert str(raised.value) in DOCUMENT


@pytest.mark.parametrize("strategy", ["canary", "linear", "blue-green"])
def test_a_timeline_is_as_long_as_a_deployment_waits(strategy: str) -> None:
    """After the two minutes that the pictures give tasks to start, and two more for tests of blue/green."""
    minutes = settings_of({"rollout": {"strategy": strategy}}).main.rollout.planned_minutes
    (picture,) = re.findall(rf"title {strategy},.*?```", ROLLOUTS, re.DOTALL)
    shown = re.findall(r"(?:Alarms|Follows) :00, (\d+)m", picture)

    assert [int(watched) - minutes for watched in shown] == [4 if strategy == "blue-green" else 2] * 2


def test_every_strategy_has_a_timeline() -> None:
    assert re.findall(r"^    title (\S+),", ROLLOUTS, re.MULTILINE) == [
        "rolling",
        "canary",
        "linear",
        "blue-green",
    ]


@pytest.mark.parametrize(("name", "default"), FIRST_KEYS)
def test_a_key_to_begin_with_exists_and_has_its_default(name: str, default: str) -> None:
    """That table is written by hand, in a few words for each key."""
    shown = keys()[name].default

    assert default == (
        "" if shown in (None, "", {}, []) else shown if isinstance(shown, str) else json.dumps(shown)
    )


def test_the_keys_to_begin_with_are_few() -> None:
    assert len(FIRST_KEYS) == 13
