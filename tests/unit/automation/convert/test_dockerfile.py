"""The user of the stage that is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.convert.dockerfile import user_of


@pytest.mark.parametrize(
    ("text", "target", "user"),
    [
        ("FROM node\nUSER node\n", None, "node"),
        ("FROM node\nuser 1000:1000\n", None, "1000:1000"),
        ("FROM node\nUSER node\nUSER root\n", None, None),
        ("FROM node\nUSER 0\n", None, None),
        ("FROM node\nUSER $WHO\n", None, None),
        ("FROM node AS base\nUSER node\nFROM base\n", None, "node"),
        ("FROM node AS base\nUSER node\nFROM node\n", None, None),
        ("FROM node AS base\nUSER node\nFROM node AS last\n", "base", "node"),
        ("FROM node AS base\nUSER node\nFROM node\n", "0", "node"),
        ("FROM --platform=linux/amd64 node AS base\nUSER a\nFROM --platform=x base\n", None, "a"),
        ("FROM node\nUSER node\n", "9" * 5000, None),
        ("# USER nobody\nRUN echo USER x\n", None, None),
    ],
)
def test_the_user_is_that_of_the_last_or_the_named_stage(
    tmp_path: Path, text: str, target: str | None, user: str | None
) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(text)

    assert user_of(path, target) == user


def test_a_missing_file_has_no_user(tmp_path: Path) -> None:
    assert user_of(tmp_path / "Dockerfile") is None
