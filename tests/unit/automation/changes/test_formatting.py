"""Changes as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automation.changes.formatting import drift_summary, lines, summary
from automation.changes.model import Change, Changes, Difference, Kind


def change(kind: Kind, kind_of_resource: str = "aws:ecs/service:Service", *differences: Difference) -> Change:
    urn = f"urn:pulumi:dev::node-on-ecs::{kind_of_resource}::web"
    return Change(kind=kind, urn=urn, type=kind_of_resource, differences=differences)


def test_a_plan_counts_each_kind_and_what_stays() -> None:
    planned = Changes(changes=(change("create"), change("create"), change("replace")), same=7)

    assert summary(planned) == "2 to create, 1 to replace, 7 unchanged"


def test_nothing_to_do_is_said_in_words() -> None:
    assert summary(Changes(same=7)) == "no changes"


def test_drift_counts_what_differs_and_not_what_does_not() -> None:
    """How many do not depends on what a refresh reads."""
    drifted = Changes(changes=(change("update"), change("delete")), same=7)

    assert drift_summary(drifted) == "differs from the state: 1 changed, 1 deleted"


def test_no_drift_is_said_in_words() -> None:
    assert drift_summary(Changes(same=7)) == "no drift"


def test_who_changed_a_resource_is_said_where_that_is_known() -> None:
    rolled_back = replace(change("update"), cause="ECS rolled it back: tasks failed to start")

    assert list(lines(Changes(changes=(rolled_back,)))) == [
        "~ aws:ecs:Service web differs from the state: ECS rolled it back: tasks failed to start"
    ]


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ("aws:ecs/service:Service", "aws:ecs:Service"),
        ("aws:index/provider:Provider", "aws:Provider"),
        ("node-on-ecs:infra:Service", "node-on-ecs:infra:Service"),
        ("pulumi:providers:aws", "pulumi:providers:aws"),
    ],
)
def test_a_type_is_named_as_people_say_it(told: str, short: str) -> None:
    assert list(lines(Changes(changes=(change("create", told),)))) == [f"+ {short} web"]


def test_properties_are_below_their_resource() -> None:
    told = change(
        "update", "aws:ecs/service:Service", Difference(path="tags.a", old="1"), Difference(path="b")
    )

    assert list(lines(Changes(changes=(told,)))) == [
        "~ aws:ecs:Service web",
        "      tags.a: 1 → (none)",
        "      b: (none) → (none)",
    ]
