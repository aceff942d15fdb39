"""What the settings refuse is left out and named, or ends the conversion."""

from __future__ import annotations

from typing import Any

import pytest

from automation.convert.accepted import accepted
from automation.convert.report import Place, Report
from automation.errors import AutomationError


def without_faults(config: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    report = Report()
    return accepted(config, Place(report, ""), project="toys", stack="test"), [
        note.line for note in report.notes
    ]


def test_what_is_right_stays_as_it_is() -> None:
    config = {"cpu": 256, "services": {"api": {"exposure": "none"}}}

    assert without_faults(config) == (config, [])


def test_a_value_that_is_refused_is_left_out_with_the_reason() -> None:
    config, notes = without_faults({"cpu": 256, "memory": 513, "services": {"api": {"user": "root"}}})

    assert config == {"cpu": 256, "services": {"api": {}}}
    assert [note.partition(":")[0] for note in notes] == ["memory = 513", 'services.api.user = "root"']
    assert "Fargate size" in notes[0]


def test_an_empty_list_goes_with_its_last_item() -> None:
    assert without_faults({"aliases": ["nowhere.example.com"]})[0] == {}


def test_a_secret_that_is_refused_is_not_shown() -> None:
    config, notes = without_faults({"secrets": {"TOKEN": "abc def"}})

    assert config == {"secrets": {}}
    assert "abc" not in " ".join(notes)


@pytest.mark.parametrize("config", [{"image": "Not An Image"}, {"services": {"api": {"image": "No Image"}}}])
def test_an_image_that_is_refused_ends_the_conversion(config: dict[str, Any]) -> None:
    """Without it the service would run another one's."""
    with pytest.raises(AutomationError, match="no stack file can be made of it for test"):
        without_faults(config)
