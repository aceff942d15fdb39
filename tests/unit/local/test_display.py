"""What a run prints."""

from __future__ import annotations

from io import StringIO

from local.display import Display, shown
from local.engine import wire
from local.engine.events import Change, Event
from local.resources.base import UNKNOWN

URN = "urn:pulumi:dev::node-on-ecs::aws:ecs/service:Service::web"
TYPE = "aws:ecs/service:Service"


def printed(*events: Event, dry_run: bool = False) -> str:
    out = StringIO()
    display = Display(dry_run=dry_run, out=out)
    for event in events:
        display.listen(event)
    display.summary({})
    return out.getvalue()


def test_what_was_done_is_told_with_its_time() -> None:
    assert " + aws:ecs:Service web created (1.5 s)\n" in printed(Event("done", "create", URN, TYPE, 1.5))


def test_a_preview_tells_what_would_be_done_with_old_and_new() -> None:
    changes = {"desiredCount": Change(1, 2), "cluster": Change("a", UNKNOWN, replaces=True)}

    text = printed(Event("done", "replace", URN, TYPE, changes=changes), dry_run=True)

    assert " ± aws:ecs:Service web replace\n" in text
    assert "      desiredCount: 1 → 2\n" in text
    assert "      cluster: a → computed  (needs a new one)\n" in text


def test_a_failure_is_told_with_its_reason() -> None:
    text = printed(Event("failed", "create", URN, TYPE, message="no such cluster"))

    assert " ! aws:ecs:Service web failed: no such cluster\n" in text


def test_what_stays_the_same_is_only_counted() -> None:
    text = printed(Event("done", "same", URN, TYPE), Event("done", "create", URN, TYPE))

    assert "    + 1 created\n    1 unchanged\n" in text


def test_drift_is_told_with_what_changed() -> None:
    text = printed(Event("done", "refresh", URN, TYPE, changes={"desiredCount": Change(1, 4)}))

    assert " ~ aws:ecs:Service web was changed by hand\n      desiredCount: 1 → 4\n" in text


def test_what_was_deleted_by_hand_is_told() -> None:
    text = printed(Event("done", "refresh", URN, TYPE, changes={"id": Change("x", None)}))

    assert "aws:ecs:Service web is gone" in text


def test_nothing_is_coloured_where_nobody_watches() -> None:
    assert "\033[" not in printed(Event("done", "create", URN, TYPE))


def test_secrets_are_masked() -> None:
    assert shown({"password": wire.secret("hush")}) == '{"password": "[secret]"}'


def test_long_values_are_cut() -> None:
    assert shown(["x" * 100]).endswith("…")
