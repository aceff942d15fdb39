"""From the engine's events to changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.changes.events import Events, read
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
    (change,) = Events(documents).changes(refreshed=refreshed).changes
    return change


def differences(old: Document, new: Document, *paths: str) -> list[tuple[str, str | None, str | None]]:
    change = the_one(step("update", old=old, new=new, paths=paths))
    return [(one.path, one.old, one.new) for one in change.differences]


@pytest.mark.parametrize("kind", ["create", "delete"])
def test_what_is_created_or_deleted_has_no_properties(kind: str) -> None:
    """All of them would be new or deleted: the comment would be nothing else."""
    change = the_one(step(kind, old={"a": 1}, new={"b": 2}, paths=("a",)))

    assert change == Change(kind=kind, urn=urn("web"), type=SERVICE)  # pyright: ignore[reportArgumentType]


def test_nested_properties_differ_leaf_by_leaf() -> None:
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


def test_where_the_log_names_no_paths_all_that_differs_counts() -> None:
    assert differences({"a": 1, "same": 1}, {"a": 2, "same": 1}) == [("a", "1", "2")]


def test_what_the_provider_keeps_for_itself_is_left_out() -> None:
    assert differences({"__defaults": ["a"], "a": 1}, {"__defaults": [], "a": 2}, "__defaults", "a") == [
        ("a", "1", "2")
    ]


def test_a_replacement_has_three_events_and_is_counted_once() -> None:
    change = the_one(
        step("create-replacement", old={"family": "a"}, new={"family": "b"}, paths=("family",)),
        step("replace"),
        step("delete-replaced", old={"family": "a"}),
    )

    assert (change.kind, change.differences) == ("replace", (Difference(path="family", old="a", new="b"),))


def test_what_does_not_change_is_counted_as_the_engine_counts_it() -> None:
    changes = Events(
        [
            step("same", "one"),
            step("same", "dev", kind="pulumi:pulumi:Stack"),
            step("read", "network", kind="pulumi:pulumi:StackReference"),
            step("update", "two", old={"a": 1}, new={"a": 2}),
            {"summaryEvent": {"resourceChanges": {"same": 7, "update": 1}}},
        ]
    ).changes()

    assert (changes.same, dict(changes.counts)) == (7, {"update": 1})


@pytest.mark.parametrize("secret", [_SECRET, "[secret]"], ids=["as a value", "as text"])
def test_a_secret_is_not_shown(secret: Any) -> None:
    assert differences({"value": "before"}, {"value": secret}, "value") == [("value", "before", "[secret]")]


def test_a_secret_within_a_value_is_not_shown_either() -> None:
    assert differences({"values": []}, {"values": [{"key": _SECRET}]}, "values") == [
        ("values[0]", None, '{"key": "[secret]"}')
    ]


def test_what_is_known_only_later_is_said_to_be() -> None:
    assert differences({"arn": "a", "arns": ["a"]}, {"arn": _UNKNOWN, "arns": [_UNKNOWN]}, "arn", "arns") == [
        ("arn", "a", "(known after apply)"),
        ("arns[0]", "a", "(known after apply)"),
    ]


def test_a_value_is_shown_in_full_and_on_one_line() -> None:
    ((_, old, new),) = differences({"policy": "a\nb"}, {"policy": "x" * 1000}, "policy")

    assert (old, new) == ('"a\\nb"', "x" * 1000)


def test_only_the_beginning_is_shown_of_what_is_replaced_by_something_unknown() -> None:
    """Each new image makes the container definitions unknown."""
    ((_, old, new),) = differences({"containers": "x" * 1000}, {"containers": _UNKNOWN}, "containers")

    assert (old, new) == (f"{'x' * 79}…", "(known after apply)")


def test_json_in_text_is_compared_by_its_values_and_named_items_by_their_names() -> None:
    """One more variable at the front must not show all others as different."""

    def definitions(**variables: str) -> str:
        environment = [{"name": name, "value": value} for name, value in sorted(variables.items())]
        return json.dumps([{"name": "web", "cpu": 0, "environment": environment}])

    old = {"containerDefinitions": definitions(B="1", C="2")}
    new = {"containerDefinitions": definitions(A="0", B="1", C="3")}

    assert differences(old, new, "containerDefinitions") == [
        ("containerDefinitions.web.environment.A", None, '{"name": "A", "value": "0"}'),
        ("containerDefinitions.web.environment.C.value", "2", "3"),
    ]


def test_json_that_differs_only_in_its_form_is_a_difference_all_the_same() -> None:
    assert differences({"policy": '{"a": 1}'}, {"policy": '{"a":1}'}, "policy") == [
        ("policy", '{"a": 1}', '{"a":1}')
    ]


def test_changes_are_ordered_by_kind_type_and_name() -> None:
    """Engines do things side by side; a comment that is written again must not differ for that."""
    documents = [
        step("delete", "a"),
        step("update", "b", old={"a": 1}, new={"a": 2}),
        step("create", "z"),
        step("create", "c"),
        step("create", "d", kind="aws:ecs/cluster:Cluster"),
    ]

    assert [one.name for one in Events(documents).changes().changes] == ["d", "c", "z", "b", "a"]
    assert Events(documents).changes() == Events(documents[::-1]).changes()


def test_other_events_say_nothing_of_changes() -> None:
    assert not Events([{"preludeEvent": {"config": {}}}, {"cancelEvent": {}}, {"unheardOf": {}}]).changes()


def test_a_half_written_last_line_is_left_out(tmp_path: Path) -> None:
    """Whoever wrote it may have been killed."""
    log = tmp_path / "events.json"
    log.write_text(f"{json.dumps(step('create'))}\n{json.dumps(step('create', 'alb'))[:40]}")

    assert [one.name for one in read(log).changes().changes] == ["web"]


def test_a_log_that_nobody_wrote_is_empty(tmp_path: Path) -> None:
    assert not read(tmp_path / "none.json").changes()


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


def test_what_a_refresh_did_not_find_is_deleted() -> None:
    assert the_one(refresh_step("delete", old={"cpu": "256"}), refreshed=True).kind == "delete"


def test_components_that_a_refresh_updates_without_a_difference_have_not_changed() -> None:
    component = refresh_step("update", "network", kind="node-on-ecs:infra:Network", old={}, new={})

    assert not Events([component]).changes(refreshed=True)


def test_what_aws_adds_by_itself_is_no_difference() -> None:
    """A role lists the policies that were attached to it after it was created."""
    role = refresh_step(
        "update",
        old={"name": "a"},
        new={"name": "a"},
        outputs=({"name": "a"}, {"name": "a", "policies": ["b"]}),
    )

    assert not Events([role]).changes(refreshed=True)


def test_where_a_provider_reads_outputs_alone_those_that_were_asked_for_count() -> None:
    read_back = refresh_step(
        "update", old={"cpu": "1"}, new={"cpu": "1"}, outputs=({"cpu": "1"}, {"cpu": "2"})
    )

    assert the_one(read_back, refreshed=True).differences == (Difference(path="cpu", old="1", new="2"),)


def test_before_an_update_outputs_are_unknown_and_no_difference() -> None:
    planned = step(
        "update", old={"a": 1, "b": 1}, new={"a": 2, "b": 1}, outputs=({"a": 1, "b": 1, "arn": "x"}, {})
    )

    assert [one.path for one in the_one(planned).differences] == ["a"]


def test_a_provider_exists_in_the_state_alone() -> None:
    """A refresh runs the program, which may have other tags for everything by now."""
    provider = refresh_step("update", "aws", kind="pulumi:providers:aws", old={"a": 1}, new={"a": 2})

    assert not Events([provider]).changes(refreshed=True)


def test_what_was_there_before_is_what_every_step_begins_with() -> None:
    """One that is replaced has several steps, and one that is created was not there."""
    steps = [
        step("same", "kept", old={"a": 1}, new={"a": 1}),
        step("create", "new", new={"a": 1}),
        step("create-replacement", "other", old={"a": 1}, new={"a": 2}),
        step("delete-replaced", "other", old={"a": 1}),
        step("delete", "gone", old={"a": 1}),
    ]

    assert [one["urn"] for one in Events(steps).before] == [urn("kept"), urn("other"), urn("gone")]


def test_the_outputs_of_an_update_are_those_of_the_stack_with_secrets_hidden() -> None:
    outputs = {"url": "https://dev.example.com", "key": _SECRET}
    stack = step(
        "create", "dev", kind="pulumi:pulumi:Stack", event="resOutputsEvent", new={}, outputs=({}, outputs)
    )

    assert Events([stack]).outputs == {"url": "https://dev.example.com", "key": "[secret]"}


def test_the_errors_of_an_update_are_its_messages_as_they_were_displayed() -> None:
    error = {"diagnosticEvent": {"severity": "error", "message": "this is why\n"}}
    warning = {"diagnosticEvent": {"severity": "warning", "message": "beware\n"}}

    assert Events([error, warning]).errors == ["this is why"]
