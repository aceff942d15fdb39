"""Changes in words."""

from __future__ import annotations

import pytest

from automation.changes.model import Change, Changes, Difference, Kind
from automation.changes.words import counted, lines


def change(kind: Kind, kind_of_resource: str = "aws:ecs/service:Service", *differences: Difference) -> Change:
    urn = f"urn:pulumi:dev::node-on-ecs::{kind_of_resource}::web"
    return Change(kind=kind, urn=urn, type=kind_of_resource, differences=differences)


def test_a_plan_counts_each_kind_and_what_stays() -> None:
    planned = Changes(changes=(change("create"), change("create"), change("replace")), same=7)

    assert counted(planned) == "2 to create, 1 to replace, 7 unchanged"


def test_nothing_to_do_is_said_in_words() -> None:
    assert counted(Changes(same=7)) == "no changes"


def test_what_others_did_is_told_as_done_and_without_what_stayed() -> None:
    """How many stayed depends on the engine, and says nothing here."""
    drifted = Changes(changes=(change("update"), change("delete")), same=7)

    assert counted(drifted, drift=True) == "1 changed by hand, 1 gone"


def test_no_drift_is_said_in_words() -> None:
    assert counted(Changes(same=7), drift=True) == "nothing was changed by hand"


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
