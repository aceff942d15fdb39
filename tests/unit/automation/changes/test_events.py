"""From the engine's events to changes, as the CLI writes them and as the local run does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.changes.events import changes_of, read
from automation.changes.model import Change, Difference

_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
SERVICE = "aws:ecs/service:Service"
Document = dict[str, Any]


def urn(name: str, kind: str = SERVICE) -> str:
    return f"urn:pulumi:dev::node-on-ecs::{kind}::{name}"


def state(values: Document, kind: str, name: str, outputs: Document) -> Document:
    return {
        "type": kind,
        "urn": urn(name, kind),
        "id": "",
        "parent": "",
        "provider": "",
        "inputs": values,
        "outputs": outputs,
    }


def step(
    op: str,
    name: str = "web",
    *,
    kind: str = SERVICE,
    old: Document | None = None,
    new: Document | None = None,
    paths: tuple[str, ...] = (),
    event: str = "resourcePreEvent",
    outputs: tuple[Document, Document] = ({}, {}),
) -> Document:
    """One event, as `--event-log` has it on one line."""
    return {
        event: {
            "metadata": {
                "op": op,
                "urn": urn(name, kind),
                "type": kind,
                "provider": "",
                "old": None if old is None else state(old, kind, name, outputs[0]),
                "new": None if new is None else state(new, kind, name, outputs[1]),
                "detailedDiff": {path: {"diffKind": "update", "inputDiff": True} for path in paths},
            }
        }
    }


def the_one(*documents: Document, refreshed: bool = False) -> Change:
    (change,) = changes_of(documents, refreshed=refreshed).changes
    return change


def differences(old: Document, new: Document, *paths: str) -> list[tuple[str, str | None, str | None]]:
    change = the_one(step("update", old=old, new=new, paths=paths))
    return [(one.path, one.old, one.new) for one in change.differences]


@pytest.mark.parametrize("kind", ["create", "delete"])
def test_what_is_made_or_deleted_is_told_without_its_properties(kind: str) -> None:
    """All of them would be new or gone: the comment would be nothing else."""
    change = the_one(step(kind, old={"a": 1}, new={"b": 2}, paths=("a",)))

    assert change == Change(kind=kind, urn=urn("web"), type=SERVICE)  # pyright: ignore[reportArgumentType]


def test_what_differs_of_nested_properties_is_told_leaf_by_leaf() -> None:
    old = {"tags": {"Name": "web", "a.b": "1"}, "settings": {"deep": {"on": True, "count": 1}}}
    new = {"tags": {"Name": "web", "a.b": "2"}, "settings": {"deep": {"on": False, "count": 1, "more": "x"}}}

    assert differences(old, new, "tags", "settings") == [
        ("settings.deep.more", None, "x"),
        ("settings.deep.on", "true", "false"),
        ('tags["a.b"]', "1", "2"),
    ]


def test_a_path_into_lists_is_followed() -> None:
    old, new = {"rules": [{"weight": 1}, {"weight": 2}]}, {"rules": [{"weight": 1}, {"weight": 3}]}

    assert differences(old, new, "rules[1].weight") == [("rules[1].weight", "2", "3")]


def test_where_the_log_names_no_paths_all_that_differs_is_told() -> None:
    assert differences({"a": 1, "same": 1}, {"a": 2, "same": 1}) == [("a", "1", "2")]


def test_what_the_provider_keeps_for_itself_is_left_out() -> None:
    assert differences({"__defaults": ["a"], "a": 1}, {"__defaults": [], "a": 2}, "__defaults", "a") == [
        ("a", "1", "2")
    ]


def test_a_replacement_is_told_of_in_three_events_and_counted_once() -> None:
    change = the_one(
        step("create-replacement", old={"family": "a"}, new={"family": "b"}, paths=("family",)),
        step("replace"),
        step("delete-replaced"),
    )

    assert (change.kind, change.differences) == ("replace", (Difference(path="family", old="a", new="b"),))


def test_what_stays_as_it_is_is_counted_without_the_stack_itself() -> None:
    changes = changes_of(
        [
            step("same", "one"),
            step("same", "two"),
            step("same", "dev", kind="pulumi:pulumi:Stack"),
            step("read", "network", kind="pulumi:pulumi:StackReference"),
            step("update", "two", old={"a": 1}, new={"a": 2}),
        ]
    )

    assert (changes.same, dict(changes.counts)) == (1, {"update": 1})


@pytest.mark.parametrize("secret", [_SECRET, "[secret]"], ids=["as the CLI says", "as the local run says"])
def test_a_secret_is_not_told(secret: Any) -> None:
    assert differences({"value": "before"}, {"value": secret}, "value") == [("value", "before", "[secret]")]


def test_a_secret_within_a_value_is_not_told_either() -> None:
    assert differences({"values": []}, {"values": [{"key": _SECRET}]}, "values") == [
        ("values", "[]", '[{"key": "[secret]"}]')
    ]


def test_what_is_known_only_later_is_computed() -> None:
    assert differences({"arn": "a", "arns": ["a"]}, {"arn": _UNKNOWN, "arns": [_UNKNOWN]}, "arn", "arns") == [
        ("arn", "a", "computed"),
        ("arns", '["a"]', '["computed"]'),
    ]


def test_a_value_is_on_one_line_and_not_longer_than_one() -> None:
    ((_, old, new),) = differences({"policy": "a\nb"}, {"policy": "x" * 100}, "policy")

    assert (old, new) == ("a b", f"{'x' * 79}…")


def test_changes_are_ordered_by_kind_type_and_name() -> None:
    """Engines do things side by side; a comment that is written again must not differ for that."""
    documents = [
        step("delete", "a"),
        step("update", "b", old={"a": 1}, new={"a": 2}),
        step("create", "z"),
        step("create", "c"),
        step("create", "d", kind="aws:ecs/cluster:Cluster"),
    ]

    assert [one.name for one in changes_of(documents).changes] == ["d", "c", "z", "b", "a"]
    assert changes_of(documents) == changes_of(reversed(documents))


def test_other_events_say_nothing_of_changes() -> None:
    assert not changes_of([{"preludeEvent": {"config": {}}}, {"cancelEvent": {}}, {"unheardOf": {}}])


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    """Whoever wrote it may have been killed."""
    log = tmp_path / "events.json"
    log.write_text(f"{json.dumps(step('create'))}\n{json.dumps(step('create', 'alb'))[:40]}")

    assert [one.name for one in read(log).changes] == ["web"]


def test_a_log_that_nobody_wrote_tells_nothing(tmp_path: Path) -> None:
    assert not read(tmp_path / "none.json")


def refresh_step(op: str, name: str = "web", **more: Any) -> Document:
    return step(op, name, event="resOutputsEvent", **more)


def test_what_a_refresh_found_is_in_the_event_after_the_step() -> None:
    before = step("refresh", old={"cpu": "256"}, new=None)
    after = refresh_step("update", old={"cpu": "256"}, new={"cpu": "512"}, paths=("cpu",))

    assert the_one(before, after, refreshed=True) == Change(
        kind="update",
        urn=urn("web"),
        type=SERVICE,
        differences=(Difference(path="cpu", old="256", new="512"),),
    )


def test_what_a_refresh_did_not_find_is_gone() -> None:
    assert the_one(refresh_step("delete", old={"cpu": "256"}), refreshed=True).kind == "delete"


def test_components_that_a_refresh_updates_without_a_difference_are_unchanged() -> None:
    changes = changes_of(
        [refresh_step("update", "network", kind="node-on-ecs:infra:Network", old={}, new={})], refreshed=True
    )

    assert (bool(changes), changes.same) == (False, 1)


def test_what_aws_adds_by_itself_is_no_change_by_hand() -> None:
    """A role tells of the policies that were attached to it after it was made."""
    role = refresh_step(
        "update",
        old={"name": "a"},
        new={"name": "a"},
        outputs=({"name": "a"}, {"name": "a", "policies": ["b"]}),
    )

    assert not changes_of([role], refreshed=True)


def test_where_a_provider_reads_outputs_alone_those_that_were_asked_for_count() -> None:
    read_back = refresh_step(
        "update", old={"cpu": "1"}, new={"cpu": "1"}, outputs=({"cpu": "1"}, {"cpu": "2"})
    )

    assert the_one(read_back, refreshed=True).differences == (Difference(path="cpu", old="1", new="2"),)


def test_before_an_update_outputs_are_not_known_and_not_told_as_gone() -> None:
    planned = step(
        "update", old={"a": 1, "b": 1}, new={"a": 2, "b": 1}, outputs=({"a": 1, "b": 1, "arn": "x"}, {})
    )

    assert [one.path for one in the_one(planned).differences] == ["a"]


def test_a_provider_is_nowhere_to_be_changed_by_hand() -> None:
    """A refresh runs the program, which may have other tags for everything by now."""
    provider = refresh_step("update", "aws", kind="pulumi:providers:aws", old={"a": 1}, new={"a": 2})

    assert not changes_of([provider], refreshed=True)
