"""Changes, resources and outputs from the engine's events."""

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
    """Return an event in the form of `--event-log`."""
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


def only_change(*documents: Document, refreshed: bool = False) -> Change:
    (change,) = Events(documents).changes(refreshed=refreshed).changes
    return change


def differences(old: Document, new: Document, *paths: str) -> list[tuple[str, str | None, str | None]]:
    change = only_change(step("update", old=old, new=new, paths=paths))
    return [(item.path, item.old, item.new) for item in change.differences]


@pytest.mark.parametrize("kind", ["create", "delete"])
def test_created_and_deleted_resources_have_no_differences(kind: str) -> None:
    """Otherwise a comment would list all their properties."""
    change = only_change(step(kind, old={"a": 1}, new={"b": 2}, paths=("a",)))

    assert change == Change(kind=kind, urn=urn("web"), type=SERVICE)  # pyright: ignore[reportArgumentType]


def test_nested_properties_are_compared() -> None:
    old = {"tags": {"Name": "web", "a.b": "1"}, "settings": {"deep": {"on": True, "count": 1}}}
    new = {"tags": {"Name": "web", "a.b": "2"}, "settings": {"deep": {"on": False, "count": 1, "more": "x"}}}

    assert differences(old, new, "tags", "settings") == [
        ("settings.deep.more", None, "x"),
        ("settings.deep.on", "true", "false"),
        ('tags["a.b"]', "1", "2"),
    ]


def test_a_path_may_have_list_indexes() -> None:
    old, new = {"rules": [{"weight": 1}, {"weight": 2}]}, {"rules": [{"weight": 1}, {"weight": 3}]}

    assert differences(old, new, "rules[1].weight") == [("rules[1].weight", "2", "3")]


def test_inputs_are_compared_if_the_event_names_no_paths() -> None:
    assert differences({"a": 1, "same": 1}, {"a": 2, "same": 1}) == [("a", "1", "2")]


def test_internal_properties_of_the_provider_are_left_out() -> None:
    assert differences({"__defaults": ["a"], "a": 1}, {"__defaults": [], "a": 2}, "__defaults", "a") == [
        ("a", "1", "2")
    ]


def test_the_three_events_of_a_replacement_are_one_change() -> None:
    change = only_change(
        step("create-replacement", old={"family": "a"}, new={"family": "b"}, paths=("family",)),
        step("replace"),
        step("delete-replaced", old={"family": "a"}),
    )

    assert (change.kind, change.differences) == ("replace", (Difference(path="family", old="a", new="b"),))


def test_unchanged_resources_are_counted_by_the_engine() -> None:
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
def test_secrets_are_hidden(secret: Any) -> None:
    assert differences({"value": "before"}, {"value": secret}, "value") == [("value", "before", "[secret]")]


def test_secrets_within_values_are_hidden() -> None:
    assert differences({"values": []}, {"values": [{"key": _SECRET}]}, "values") == [
        ("values[0]", None, '{"key": "[secret]"}')
    ]


def test_unknown_values_are_known_after_apply() -> None:
    assert differences({"arn": "a", "arns": ["a"]}, {"arn": _UNKNOWN, "arns": [_UNKNOWN]}, "arn", "arns") == [
        ("arn", "a", "(known after apply)"),
        ("arns[0]", "a", "(known after apply)"),
    ]


def test_values_are_shown_completely_on_one_line() -> None:
    ((_, old, new),) = differences({"policy": "a\nb"}, {"policy": "x" * 1000}, "policy")

    assert (old, new) == ('"a\\nb"', "x" * 1000)


def test_a_long_value_before_an_unknown_one_is_shortened() -> None:
    """Each new image makes the container definitions unknown."""
    ((_, old, new),) = differences({"containers": "x" * 1000}, {"containers": _UNKNOWN}, "containers")

    assert (old, new) == (f"{'x' * 79}…", "(known after apply)")


def test_json_text_is_compared_by_value_and_list_items_by_name() -> None:
    """A new variable at the start must not change all others."""

    def definitions(**variables: str) -> str:
        environment = [{"name": name, "value": value} for name, value in sorted(variables.items())]
        return json.dumps([{"name": "web", "cpu": 0, "environment": environment}])

    old = {"containerDefinitions": definitions(B="1", C="2")}
    new = {"containerDefinitions": definitions(A="0", B="1", C="3")}

    assert differences(old, new, "containerDefinitions") == [
        ("containerDefinitions.web.environment.A", None, '{"name": "A", "value": "0"}'),
        ("containerDefinitions.web.environment.C.value", "2", "3"),
    ]


def test_json_text_with_another_format_is_a_difference() -> None:
    assert differences({"policy": '{"a": 1}'}, {"policy": '{"a":1}'}, "policy") == [
        ("policy", '{"a": 1}', '{"a":1}')
    ]


def test_changes_are_ordered_by_kind_type_and_name() -> None:
    """The engine works in parallel; the order of events is random."""
    documents = [
        step("delete", "a"),
        step("update", "b", old={"a": 1}, new={"a": 2}),
        step("create", "z"),
        step("create", "c"),
        step("create", "d", kind="aws:ecs/cluster:Cluster"),
    ]

    assert [change.name for change in Events(documents).changes().changes] == ["d", "c", "z", "b", "a"]
    assert Events(documents).changes() == Events(documents[::-1]).changes()


def test_other_events_are_not_changes() -> None:
    assert not Events([{"preludeEvent": {"config": {}}}, {"cancelEvent": {}}, {"unknownEvent": {}}]).changes()


def test_a_truncated_last_line_is_ignored(tmp_path: Path) -> None:
    """The CLI may have been killed."""
    log = tmp_path / "events.json"
    log.write_text(f"{json.dumps(step('create'))}\n{json.dumps(step('create', 'alb'))[:40]}")

    assert [change.name for change in read(log).changes().changes] == ["web"]


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert not read(tmp_path / "none.json").changes()


def refresh_step(op: str, name: str = "web", **more: Any) -> Document:
    return step(op, name, event="resOutputsEvent", **more)


def test_a_refresh_reads_the_events_after_each_step() -> None:
    before = step("refresh", old={"cpu": "256"}, new=None)
    after = refresh_step("update", old={"cpu": "256"}, new={"cpu": "512"}, paths=("cpu",))

    assert only_change(before, after, refreshed=True) == Change(
        kind="update",
        urn=urn("web"),
        type=SERVICE,
        differences=(Difference(path="cpu", old="256", new="512"),),
    )


def test_a_resource_that_a_refresh_misses_is_deleted() -> None:
    assert only_change(refresh_step("delete", old={"cpu": "256"}), refreshed=True).kind == "delete"


def test_components_are_unchanged_in_a_refresh() -> None:
    component = refresh_step("update", "network", kind="node-on-ecs:infra:Network", old={}, new={})

    assert not Events([component]).changes(refreshed=True)


def test_outputs_that_aws_adds_are_not_differences() -> None:
    """A role has the policies that were attached after its creation."""
    role = refresh_step(
        "update",
        old={"name": "a"},
        new={"name": "a"},
        outputs=({"name": "a"}, {"name": "a", "policies": ["b"]}),
    )

    assert not Events([role]).changes(refreshed=True)


def test_outputs_with_the_name_of_an_input_are_differences() -> None:
    read_back = refresh_step(
        "update", old={"cpu": "1"}, new={"cpu": "1"}, outputs=({"cpu": "1"}, {"cpu": "2"})
    )

    assert only_change(read_back, refreshed=True).differences == (Difference(path="cpu", old="1", new="2"),)


def test_unknown_outputs_before_an_update_are_not_differences() -> None:
    planned = step(
        "update", old={"a": 1, "b": 1}, new={"a": 2, "b": 1}, outputs=({"a": 1, "b": 1, "arn": "x"}, {})
    )

    assert [item.path for item in only_change(planned).differences] == ["a"]


def test_providers_are_unchanged_in_a_refresh() -> None:
    """The refresh runs the program, which may have new default tags."""
    provider = refresh_step("update", "aws", kind="pulumi:providers:aws", old={"a": 1}, new={"a": 2})

    assert not Events([provider]).changes(refreshed=True)


def test_resources_before_an_update_have_each_resource_once() -> None:
    """A replacement has several events, and a new resource did not exist."""
    steps = [
        step("same", "kept", old={"a": 1}, new={"a": 1}),
        step("create", "new", new={"a": 1}),
        step("create-replacement", "other", old={"a": 1}, new={"a": 2}),
        step("delete-replaced", "other", old={"a": 1}),
        step("delete", "deleted", old={"a": 1}),
    ]

    assert [state["urn"] for state in Events(steps).before] == [urn("kept"), urn("other"), urn("deleted")]


def test_a_replaced_resource_existed_before() -> None:
    """A preview would show the tasks of each new image as a new cost."""
    steps = [
        step("create-replacement", old={"cpu": "256"}, new={"cpu": "512"}),
        step("replace", old={"cpu": "256"}, new={"cpu": "512"}),
        step("delete-replaced", old={"cpu": "256"}, new=None),
    ]
    steps[-1]["resourcePreEvent"]["metadata"]["old"]["delete"] = True

    (before,) = Events(steps).before

    assert "delete" not in before


def test_outputs_of_the_stack_have_hidden_secrets() -> None:
    outputs = {"url": "https://dev.example.com", "key": _SECRET}
    stack = step(
        "create", "dev", kind="pulumi:pulumi:Stack", event="resOutputsEvent", new={}, outputs=({}, outputs)
    )

    assert Events([stack]).outputs == {"url": "https://dev.example.com", "key": "[secret]"}


def test_errors_are_the_displayed_messages() -> None:
    error = {"diagnosticEvent": {"severity": "error", "message": "this is why\n"}}
    warning = {"diagnosticEvent": {"severity": "warning", "message": "beware\n"}}

    assert Events([error, warning]).errors == ["this is why"]
