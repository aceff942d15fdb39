"""What `docs/configuration.md` shows is what the program takes and says."""

from __future__ import annotations

import re

import pytest
import yaml

from infra.config.faults import SettingsError
from infra.config.parse import parse
from infra.config.schema import PROJECT_ROOT
from tests.unit.infra.settings_fixtures import PROJECT, named, settings_of

DOCUMENT = (PROJECT_ROOT / "docs/configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[2].strip())
def test_an_example_is_a_configuration_that_the_program_takes(example: str) -> None:
    assert settings_of(yaml.safe_load(example)["config"]) != settings_of({})


def test_the_message_is_the_one_that_the_program_gives() -> None:
    with pytest.raises(SettingsError) as raised:
        parse(named({"desird-count": "2", "cpu": "1024"}), project=PROJECT, stack="dev")

    assert str(raised.value) in DOCUMENT
