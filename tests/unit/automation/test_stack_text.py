"""Stack files with comments keep every value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from automation import go_yaml
from automation.stack_text import stack_text

LONG = "word " * 40


VALUES: Final[list[Any]] = [
    *(
        "1.20",
        "0420",
        "yes",
        "12:30:00",
        "null",
        "~",
        "",
        " a ",
        "a: b",
        "# a",
        "a #b",
        "- a",
        "[",
        "{a",
        "'",
        '"',
    ),
    *(
        "two\nlines",
        "tab\t",
        "ü",
        "\u2028",
        "a, b",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "1e3",
        "0o17",
        "<<",
        LONG,
    ),
    *("ok?0:1", "http://x:1/", "a:b", "?", "a?", "x@y", "it's", "r=>f(r.ok?0:1))", "a=b", "-", "--flag", "*"),
    *(0, -1, 1.5, True, False),
    *(
        [],
        ["a", "1", "x, y", "]", ""],
        [LONG, LONG],
        [{"a": "b, c", "d": ["e", 1]}],
        {},
        {"a": {}, "b": {"c": [1]}},
    ),
    {"1": "a", "yes": None, "a b": "c"},
]


@pytest.mark.parametrize("value", [*VALUES, [value for value in VALUES if isinstance(value, str)]], ids=repr)
def test_every_value_is_read_as_it_was_written(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(stack_text("toys", {"key": value, "aws:region": "eu-west-1"}), encoding="utf-8")

    assert go_yaml.read(path)["config"] == {"toys:key": value, "aws:region": "eu-west-1"}


def test_comments_are_above_their_keys() -> None:
    text = stack_text(
        "toys",
        {"size": 1, "services": {"api": {"cpu": 256}}},
        head=["What it is."],
        comments={("size",): "Why so.", ("services", "api"): "- An item.", ("services", "api", "cpu"): LONG},
    )

    lines = text.splitlines()
    assert lines[1:5] == ["# What it is.", "config:", "  # Why so.", "  toys:size: 1"]
    assert lines[5:8] == ["  toys:services:", "    # - An item.", "    api:"]
    assert all(len(line) <= 118 for line in lines)
    assert lines[-1] == "      cpu: 256"


def test_a_stack_file_without_values_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(stack_text("toys", {}))

    assert go_yaml.read(path) == {"config": {}}
