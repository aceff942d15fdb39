"""The pictures in the documents are up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from automation.diagram.command import picture_path
from automation.diagram.model import Picture
from tests.unit.automation.conftest import ROOT, STACKS

OUTDATED = "run `python -m automation diagram --all` to draw docs/images/*-stack.svg again"


@pytest.mark.parametrize("name", STACKS)
def test_the_picture_of_a_stack_has_its_declared_resources(
    name: str, picture: Callable[[str], Picture]
) -> None:
    """The model is compared, not the drawing."""
    text = picture_path(name, ROOT).read_text(encoding="utf-8")
    model = ET.fromstring(text).findtext("{http://www.w3.org/2000/svg}metadata")  # noqa: S314 -- our own

    assert json.loads(model or "{}") == json.loads(json.dumps(picture(name).as_json())), OUTDATED


@pytest.mark.parametrize("name", STACKS)
def test_a_picture_has_no_placeholders_and_paths(name: str) -> None:
    text = picture_path(name, ROOT).read_text(encoding="utf-8")

    assert re.findall(r"planned|000000000000|/home/|/root/|/tmp/|sha256", text) == []
