"""YAML values as the Pulumi CLI reads them; `tests/integration/automation/test_yaml.py` compares with the CLI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.errors import AutomationError
from automation.go_yaml import Plain, read, read_plain, text_of, value_of

VALUES = {
    **{text: text for text in ("yes", "no", "on", "off", "y", "n", "Yes", "tRue", "nUll", "=", "<<")},
    **{
        text: text
        for text in (
            "12:30:00",
            "12:30",
            "190:20:30",
            "0o8",
            "0b2",
            "0x",
            "_1",
            "1e400",
            "9" * 400,
            "2026-11-24T12:00:00",
        )
    },
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("null", "~", "Null", ""), None),
    "08901": 8901,
    "012345678901": 12345678901,
    "012": 10,
    "-012": -10,
    "0777": 511,
    "0o17": 15,
    "0O17": 15,
    "0x1F": 31,
    "0b101": 5,
    "+1": 1,
    "-0": 0,
    "00": 0,
    "0_1": 1,
    "1_000": 1000,
    "1e10": 10000000000,
    "1.": 1,
    "1.20": 1.2,
    ".5": 0.5,
    "1_0.5": 10.5,
    "123456789012345678901234567890": 1.2345678901234568e29,
    '"1"': "1",
    "'08901'": "08901",
    "!!str 1": "1",
    '!!int "1"': 1,
    "!!float 1": 1,
    "2026-11-24": "2026-11-24 00:00:00 +0000 UTC",
    "2026-1-4": "2026-01-04 00:00:00 +0000 UTC",
    "2026-11-24T12:00:00Z": "2026-11-24 12:00:00 +0000 UTC",
    "2026-11-24t12:00:00+01:00": "2026-11-24 12:00:00 +0100 +0100",
    "2026-11-24 12:00:00": "2026-11-24 12:00:00 +0000 UTC",
    "{yes: 1, 0o17: 2, true: 3, ~: 4, 1.5: 5}": {"yes": 1, "15": 2, "true": 3, "<nil>": 4, "1.5": 5},
}
INVALID = (".inf", "-.Inf", ".nan", "{a: 1, a: 2}", "{[a]: 1}", "[", "*nowhere", "'")
UNSUPPORTED_TAGS = ("!unknown 1", "!!binary aGk=")
"""The CLI reads these."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Pulumi.dev.yaml"


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_a_value_is_read_as_by_the_cli_and_written_back_unchanged(file: Path, text: str, value: Any) -> None:
    file.write_text(f"key: {text}\n")
    found = read(file)
    file.write_text(text_of(found))

    assert (found, type(found["key"])) == ({"key": value}, type(value))
    assert read(file) == {"key": value}


@pytest.mark.parametrize("text", [text for text, value in VALUES.items() if not isinstance(value, dict)])
def test_a_text_that_looks_like_another_type_is_quoted(file: Path, text: str) -> None:
    file.write_text(text_of({"key": text}))

    assert read(file) == {"key": text}


@pytest.mark.parametrize("text", [*INVALID, *UNSUPPORTED_TAGS])
def test_invalid_values_are_rejected_with_the_path(file: Path, text: str) -> None:
    file.write_text(f"key: {text}\n")

    with pytest.raises(AutomationError, match=r"Pulumi\.dev\.yaml is not valid YAML: "):
        read(file)


def test_an_error_names_the_place_once(file: Path) -> None:
    file.write_text("a: 1\nb: [\n")

    with pytest.raises(AutomationError) as raised:
        read(file)

    problem = "while parsing a flow node did not find expected node content"
    assert str(raised.value) == f"{file} is not valid YAML: {problem} (line 3, column 1)"


def test_a_mapping_may_override_a_merged_key(file: Path) -> None:
    file.write_text("base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\n")

    assert read(file)["own"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"key: caf\xe9\n", r"Pulumi\.dev\.yaml is not UTF-8 \(byte 8\): save it as UTF-8"),
        (None, r"Pulumi\.dev\.yaml cannot be read: No such file or directory"),
    ],
    ids=["not UTF-8", "missing"],
)
def test_an_unreadable_file_is_rejected(file: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(AutomationError, match=message):
        read(file)


def test_a_file_without_values_is_none(file: Path) -> None:
    file.write_text("# nothing\n")

    assert read(file) is None


def test_read_plain_returns_every_scalar_as_text(file: Path) -> None:
    """As Go decodes into a string: the text `1.20` keeps its zero."""
    file.write_text(
        "{a: 1.20, b: 0420, c: yes, d: 12:30:00, e: ~, f: '1', g: !reset 1, h: !own [2], i: &x {j: 1}, k: *x}\n"
    )
    found = read_plain(file)

    assert found == {
        "a": "1.20",
        "b": "0420",
        "c": "yes",
        "d": "12:30:00",
        "e": None,
        "f": "1",
        "g": None,
        "h": ["2"],
        "i": {"j": "1"},
        "k": {"j": "1"},
    }
    assert [value_of(found[name]) for name in "abcdf"] == [1.2, 272, "yes", "12:30:00", "1"]
    assert (type(found["a"]), type(found["f"])) == (Plain, str)


ALIASES = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))


@pytest.mark.parametrize("reader", [read, read_plain])
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &a [*a]", "an anchor contains itself"),
        ("a: &a {b: *a}", "an anchor contains itself"),
        (f"l0: &l0 [x]\n{ALIASES}", "aliases stand for over 100,000 values"),
        ("[" * 102 + "]" * 102, "more than 100 levels"),
        ("[" * 20_000, "nested too deeply|not valid YAML"),
    ],
)
def test_recursive_and_huge_documents_are_rejected(
    tmp_path: Path, reader: Any, text: str, fault: str
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(AutomationError, match=fault):
        reader(path)


@pytest.mark.parametrize("reader", [read, read_plain])
def test_an_alias_may_be_used_several_times(tmp_path: Path, reader: Any) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {b: c}\nd: [*a, *a]\ne: {<<: *a}\n")

    assert reader(path) == {"a": {"b": "c"}, "d": [{"b": "c"}, {"b": "c"}], "e": {"b": "c"}}


def test_an_invalid_path_is_rejected() -> None:
    with pytest.raises(AutomationError, match="cannot be read"):
        read_plain(Path("a\0b"))


def test_read_plain_returns_a_set_as_an_object(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: !!set {b}")

    assert read_plain(path) == {"a": {"b": None}}
