"""The configuration for the program, and derived stack files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation import go_yaml
from automation.errors import AutomationError
from automation.stack_files import SECRET, DerivedStackFile, project_name, read_config

PROJECT = """
name: toys
runtime: python
config:
  aws:region: {value: eu-west-1}
  size: {type: integer, default: 3}
  names: {type: array, items: {type: string}, default: [a]}
  open: {type: boolean, default: false}
  needed: {type: string}
"""
SALT = "encryptionsalt: v1:salt\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  toys:size: 5\n")
    return tmp_path


def derive(folder: Path, base: str, **changes: Any) -> str:
    """Write dev's file with a text, derive a file from it, and return its text."""
    (folder / "Pulumi.dev.yaml").write_text(base)
    derived = DerivedStackFile(root=folder, project="toys", stack="pr-1", base="dev")
    derived.write(
        left_out=["names"],
        changes={f"toys:{key}": value for key, value in changes.items()},
        command="make it",
    )
    return derived.path.read_text()


def test_config_has_defaults_and_the_stacks_values(folder: Path) -> None:
    config = read_config(folder, "dev")

    assert (config.project, config.stack, config.secret_keys) == ("toys", "dev", [])
    assert config.values == {
        "aws:region": "eu-west-1",
        "toys:size": "5",
        "toys:names": '["a"]',
        "toys:open": "false",
    }


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"5"', "5"),
        ('"true"', "true"),
        ("yes", "yes"),
        ("0o17", "15"),
        ("~", ""),
        ("{a: on, b: [1e3]}", '{"a": "on", "b": [1000]}'),
    ],
)
def test_a_value_is_the_text_that_the_cli_passes_to_the_program(
    folder: Path, written: str, text: str
) -> None:
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  toys:size: {written}\n")

    assert read_config(folder, "dev").values["toys:size"] == text


def test_an_empty_stack_file_has_the_defaults(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("")

    assert read_config(folder, "dev").values["toys:size"] == "3"


def test_encrypted_values_are_replaced_and_their_keys_listed(folder: Path) -> None:
    """No passphrase and no key service is needed to plan a stack."""
    (folder / "Pulumi.dev.yaml").write_text(
        f"{SALT}config:\n  toys:size: {{secure: v1:abc}}\n  toys:names: [a, {{secure: v1:def}}]\n  toys:open: true\n"
    )

    config = read_config(folder, "dev")

    assert config.secret_keys == ["toys:size", "toys:names"]
    assert (config.values["toys:size"], json.loads(config.values["toys:names"])) == (SECRET, ["a", SECRET])


def test_an_unknown_stack_is_rejected_with_the_most_similar_one(folder: Path) -> None:
    with pytest.raises(
        AutomationError, match=r"stack 'dve' has no file Pulumi\.dve\.yaml: there are dev; .* 'dev'\?"
    ):
        read_config(folder, "dve")


@pytest.mark.parametrize("stack", ["", "../dve", "dév", "a" * 101])
def test_a_text_that_cannot_name_a_stack_is_rejected(folder: Path, stack: str) -> None:
    """`init`, which the message about a missing file proposes, would refuse it, too."""
    with pytest.raises(AutomationError, match=r"cannot name a stack: letters, digits, - and _, at most 100"):
        read_config(folder, stack)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]", r"Pulumi\.dev\.yaml must be a mapping of keys to values, and is '\[\"a\"\]'"),
        ("config: [a]", r"`config` in .*Pulumi\.dev\.yaml must be a mapping of keys to values, and is"),
        (
            "config: text",
            r"`config` in .*Pulumi\.dev\.yaml must be a mapping of keys to values, and is 'text'",
        ),
        ("config: {", r"Pulumi\.dev\.yaml is not valid YAML"),
    ],
)
def test_a_file_without_keys_is_rejected(folder: Path, text: str, message: str) -> None:
    (folder / "Pulumi.dev.yaml").write_text(text)

    with pytest.raises(AutomationError, match=message):
        read_config(folder, "dev")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("confg:\n  toys:size: 5\n", r"Pulumi\.dev\.yaml has the key `confg`, .*; did you mean `config`\?"),
        ("Config:\n  toys:size: 5\n", r"has the key `Config`, .*; did you mean `config`\?"),
        ("toys:size: 5\n", r"has the key `toys:size`, .*; settings belong under `config`, indented"),
        ("5: 5\n", r"has the key `5`, .* a stack file may have config, secretsprovider, "),
    ],
)
def test_a_key_that_pulumi_would_ignore_is_rejected(folder: Path, text: str, message: str) -> None:
    """Else a stack with nothing but defaults would be deployed."""
    (folder / "Pulumi.dev.yaml").write_text(text)

    with pytest.raises(AutomationError, match=message):
        read_config(folder, "dev")


def test_all_keys_of_pulumi_and_keys_for_anchors_are_accepted(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text(
        "secretsprovider: awskms://alias/k\nencryptedkey: a\nencryptionsalt: b\nenvironment: [toys/dev]\n"
        "mainEnvironment: toys/dev\nx-shared: &size 7\nconfig:\n  toys:size: *size\n"
    )

    assert read_config(folder, "dev").values["toys:size"] == "7"


def test_a_folder_without_a_project_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"Pulumi\.yaml cannot be read: No such file"):
        project_name(tmp_path)


def test_a_project_without_a_name_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("runtime: python\n")

    with pytest.raises(
        AutomationError, match=r"Pulumi\.yaml has no `name`: run this from the project's folder"
    ):
        project_name(tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        '"08901"',
        "'1e10'",
        "0o17",
        "yes",
        "12:30:00",
        '{A: "012345678901", YES: "on", "1": "0o17"}',
        "|-\n    two\n    lines",
        "äöü ☕",
        f"{'word ' * 99}end",
        "{secure: v1:abc}",
    ],
)
def test_a_derived_file_has_the_values_and_secrets_of_the_base(folder: Path, value: str) -> None:
    text = derive(folder, f"{SALT}config:\n  toys:size: {value}\n  aws:region: eu-west-1\n")
    derived = read_config(folder, "pr-1")

    assert text.startswith(f"# From Pulumi.dev.yaml: `make it` replaces this file.\n{SALT}config:\n")
    assert (derived.values, derived.secret_keys) == (
        (base := read_config(folder, "dev")).values,
        base.secret_keys,
    )


def test_anchors_in_left_out_keys_are_resolved(folder: Path) -> None:
    derive(folder, "config:\n  toys:names: &names [a]\n  toys:size: {left: *names, right: *names}\n")

    assert json.loads(read_config(folder, "pr-1").values["toys:size"]) == {"left": ["a"], "right": ["a"]}


def test_a_derived_file_has_the_changes(folder: Path) -> None:
    derive(
        folder,
        "config:\n  toys:size: 1\n  toys:names: [a]\n  toys:open: true\n",
        size="08901",
        command=["a", "b"],
    )

    assert go_yaml.read(folder / "Pulumi.pr-1.yaml") == {
        "config": {"toys:open": True, "toys:size": "08901", "toys:command": ["a", "b"]}
    }


def test_secrets_that_only_the_base_can_decrypt_are_rejected(folder: Path) -> None:
    """Pulumi Cloud has a key for each stack."""
    with pytest.raises(
        AutomationError, match=r"Pulumi\.dev\.yaml are encrypted by Pulumi Cloud for dev alone"
    ):
        derive(folder, "config: {toys:size: {secure: v1:abc}}\n")


def test_an_error_leaves_the_existing_file_unchanged(folder: Path) -> None:
    before = derive(folder, "config: {toys:size: 1}\n")

    with pytest.raises(AutomationError, match="not valid YAML"):
        derive(folder, "config: [\n")
    assert (folder / "Pulumi.pr-1.yaml").read_text() == before
