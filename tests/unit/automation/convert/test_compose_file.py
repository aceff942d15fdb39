"""Compose files as Docker Compose reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from automation.convert.compose_file import combined, find, interpolated, read_project
from automation.errors import AutomationError
from tests.unit.automation.convert.compose_app import write

VALUES = {"A": "a", "EMPTY": "", "N": "N"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            ("$A", "a"),
            ("${A}", "a"),
            ("x${A}y", "xay"),
            ("$$A", "$A"),
            ("$$${A}", "$a"),
            ("$", "$"),
            ("a$ b", "a$ b"),
        ),
        *(("${B:-b}", "b"), ("${B-b}", "b"), ("${EMPTY:-b}", "b"), ("${EMPTY-b}", ""), ("${A:-b}", "a")),
        *(("${A:+c}", "c"), ("${B:+c}", ""), ("${EMPTY:+c}", ""), ("${EMPTY+c}", "c"), ("${B+c}", "")),
        *(
            ("${A:?needed}", "a"),
            ("${B:-${A}}", "a"),
            ("${B:-${C:-c}}", "c"),
            ("${B:-http://x:1/}", "http://x:1/"),
        ),
        ("${B:-}", ""),
    ],
)
def test_variables_are_replaced_by_composes_rules(text: str, expected: str) -> None:
    unknown: set[str] = set()

    assert interpolated(text, VALUES, unknown) == expected
    assert unknown == set()


@pytest.mark.parametrize("text", ["$B", "${B}", "${B:?needed}", "${B?}"])
def test_a_variable_without_a_value_is_empty_and_reported(text: str) -> None:
    unknown: set[str] = set()

    assert interpolated(text, VALUES, unknown) == ""
    assert unknown == {"B"}


def services(path: Path, *more: Path, **variables: str) -> dict[str, Any]:
    return read_project([path, *more], variables).services


def test_given_variables_replace_those_of_dot_env(tmp_path: Path) -> None:
    path = write(
        tmp_path, "services: {web: {image: 'a:${TAG}', user: '${WHO}'}}\n", **{".env": "TAG=1\nWHO=x\n"}
    )

    assert services(path, WHO="y") == {"web": {"image": "a:1", "user": "y"}}


def test_anchors_and_merge_keys_are_resolved(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "x-base: &base\n  image: a:1\n  environment: &env {A: '1'}\n"
        "services:\n  web:\n    <<: *base\n    environment: {<<: *env, B: '2'}\n",
    )

    assert services(path)["web"] == {"image": "a:1", "environment": {"A": "1", "B": "2"}}


def test_a_later_file_is_merged_into_the_ones_before(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "services: {web: {image: 'a:1', command: [a, b], environment: [A=1, B=2], ports: ['80:80'],"
        " depends_on: [db]}}\n",
        **{
            "prod.yaml": (
                "services: {web: {command: [c], environment: {B: '3'}, ports: ['81:81'], "
                "depends_on: {db: {condition: service_healthy}}}}\n"
            )
        },
    )

    assert services(path, tmp_path / "prod.yaml")["web"] == {
        "image": "a:1",
        "command": ["c"],
        "environment": {"A": "1", "B": "3"},
        "ports": ["80:80", "81:81"],
        "depends_on": {"db": {"condition": "service_healthy"}},
    }


def test_reset_removes_a_field(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "services: {web: {image: a, ports: ['80:80']}}\n",
        **{"b.yaml": "services: {web: {ports: !reset []}}\n"},
    )

    assert services(path, tmp_path / "b.yaml")["web"]["ports"] is None


def test_a_service_is_merged_into_the_one_that_it_extends(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "services:\n"
        "  base: {image: 'a:1', environment: {A: '1'}, depends_on: [x]}\n"
        "  web: {extends: base, environment: {B: '2'}}\n"
        "  far: {extends: {file: more/c.yaml, service: one}, user: me}\n",
        **{"more/c.yaml": "services: {one: {build: ./app, env_file: one.env}}\n"},
    )
    found = services(path)

    assert found["web"] == {"image": "a:1", "environment": {"A": "1", "B": "2"}}
    assert found["far"] == {
        "build": str(tmp_path / "more/app"),
        "env_file": str(tmp_path / "more/one.env"),
        "user": "me",
    }


def test_included_files_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "include: [db/compose.yaml]\nservices: {web: {image: a}}\n",
        **{"db/compose.yaml": "services: {db: {build: {context: .}}}\n"},
    )

    assert services(path) == {"db": {"build": {"context": str(tmp_path / "db")}}, "web": {"image": "a"}}


def test_an_override_for_development_is_not_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "services: {web: {image: a}}\n",
        **{"compose.override.yaml": "services: {web: {image: b}}\n"},
    )
    project = read_project([path], {})

    assert project.services["web"]["image"] == "a"
    assert project.override == tmp_path / "compose.override.yaml"


def test_the_file_of_a_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text("")

    assert find([tmp_path]) == [tmp_path / "docker-compose.yml"]
    (tmp_path / "compose.yaml").write_text("")
    assert find([tmp_path]) == [tmp_path / "compose.yaml"]


def test_objects_are_merged_and_commands_are_replaced() -> None:
    assert combined({"a": {"b": 1}, "test": [1]}, {"a": {"c": 2}, "test": [2]}) == {
        "a": {"b": 1, "c": 2},
        "test": [2],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [\n", "is not valid YAML"),
        ("- a\n", "has no keys"),
        ("services: {}\n", "has no services"),
        ("services: {web: {extends: api}}\n", "there is no service 'api', which another service extends"),
        ("services: {web: {extends: web}}\n", "extends itself"),
        ("services: {web: {extends: {file: compose.yaml, service: web}}}\n", "includes or extends itself"),
        ("include: [compose.yaml]\nservices: {}\n", "includes or extends itself"),
        ("services: {web: {extends: {file: x.yaml, service: a}}}\n", "cannot be read"),
    ],
)
def test_invalid_files_are_rejected(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AutomationError, match=message):
        read_project([write(tmp_path, text)], {})


def test_a_folder_without_a_compose_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"has no Compose file: none of compose\.yaml"):
        find([tmp_path])
