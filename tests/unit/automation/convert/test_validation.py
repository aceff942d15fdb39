"""Values that the settings refuse are left out and reported, or end the conversion."""

from __future__ import annotations

from typing import Any

import pytest

from automation.convert.report import Report
from automation.convert.validation import remove_invalid
from automation.errors import AutomationError


def without_faults(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    report = Report()
    return remove_invalid(config, report, project="toys", stack="test"), [note.line for note in report.notes]


def test_accepted_values_are_kept() -> None:
    config = {"cpu": 256, "services": {"api": {"exposure": "none"}}}

    assert without_faults(config) == (config, [])


def test_a_refused_value_is_left_out_and_reported_with_the_reason() -> None:
    config, notes = without_faults({"cpu": 256, "memory": 513, "services": {"api": {"user": "root"}}})

    assert config == {"cpu": 256, "services": {"api": {}}}
    assert [note.partition(":")[0] for note in notes] == ["memory = 513", 'services.api.user = "root"']
    assert "Fargate size" in notes[0]


def test_a_list_is_left_out_with_its_last_item() -> None:
    assert without_faults({"aliases": ["nowhere.example.com"]})[0] == {}


def test_a_refused_secret_is_not_shown() -> None:
    config, notes = without_faults({"secrets": {"TOKEN": "abc def"}})

    assert config == {"secrets": {}}
    assert "abc" not in " ".join(notes)


@pytest.mark.parametrize("config", [{"image": "Not An Image"}, {"services": {"api": {"image": "No Image"}}}])
def test_a_refused_image_ends_the_conversion(config: dict[str, Any]) -> None:
    """Without it the service would run another image."""
    with pytest.raises(AutomationError, match="the stack file for test would not be valid"):
        without_faults(config)
