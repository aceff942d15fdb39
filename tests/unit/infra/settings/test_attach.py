"""Rules for stacks that attach to another one."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import KEYS_OF_THE_BASE, keys
from infra.settings.names import LAST_PRIORITY, PRIORITIES_OF_ATTACHED, priority_of, priority_of_attached
from tests.unit.infra.settings_fixtures import fault_of, faults_of, settings_of

DEV = {"attach-to": "dev", "domain": "dev.example.com"}


def test_an_attached_service_equals_a_copy_named_like_the_stack() -> None:
    main = settings_of(DEV, stack="pr-12").main

    assert (main.name, main.host, main.path_prefix, main.priority) == (
        "web-pr-12",
        "pr-12.dev.example.com",
        None,
        512,
    )


def test_an_attached_service_without_a_domain_has_a_path() -> None:
    main = settings_of({"attach-to": "dev"}, stack="pr-12").main

    assert (main.host, main.path_prefix) == (None, "/pr-12")


def test_keys_of_the_base_may_have_their_defaults() -> None:
    """The CLI hands over every default as if the stack file had it."""
    defaults = {key: keys()[key].default for key in KEYS_OF_THE_BASE}

    assert settings_of({**DEV, **defaults}, stack="pr-1") == settings_of(DEV, stack="pr-1")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("nat", "none"),
        ("protect", True),
        ("rollout", {"strategy": "canary"}),
        ("multidev", ["alice"]),
        ("idle-timeout-seconds", 120),
    ],
)
def test_keys_of_the_base_are_refused(key: str, value: Any) -> None:
    faults = faults_of({**DEV, key: value}, stack="pr-1")

    assert any(fault.startswith(f"{key} = ") and "dev decides it" in fault for fault in faults)


@pytest.mark.parametrize(
    "expires",
    ["2026-11-24T12:00:00Z", "2026-11-24T12:00:00+00:00", "2026-11-24 12:00:00 +0000 UTC"],
    ids=["in quotes", "with an offset", "as the CLI hands over one without quotes"],
)
def test_expires_accepts_a_time_in_each_form(expires: str) -> None:
    attach = settings_of({**DEV, "expires": expires}, stack="pr-1").attach

    assert attach is not None
    assert attach.expires == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize(
    ("config", "stack", "words"),
    [
        ({"attach-to": "dev"}, "dev", "another stack than this one"),
        ({"attach-to": "dev"}, "Mine", "a stack with another name than Mine"),
        ({"attach-to": "dev"}, "a" * 21, "at most 20 characters"),
        ({"attach-to": "dev", "expires": "soon"}, "pr-1", "a time in UTC such as"),
        ({"attach-to": "dev", "expires": "2026-13-24T12:00:00Z"}, "pr-1", "a time in UTC such as"),
        ({"attach-to": "dev", "expires": "2026-11-24 12:00:00 +0100 +0100"}, "pr-1", "a time in UTC such as"),
        ({"attach-to": "dev", "priority": 7}, "pr-1", "from 500 to 999, or 0"),
        ({"expires": "2026-11-24T12:00:00Z"}, "dev", "only valid together with `attach-to`"),
        ({"priority": 700}, "dev", "only valid together with `attach-to`"),
        ({"multidev": [{"name": "bob", "priority": 700}]}, "dev", "500 to 999 are for stacks with"),
    ],
)
def test_invalid_attached_stacks_are_refused(config: dict[str, Any], stack: str, words: str) -> None:
    fault = fault_of(config, stack=stack)

    assert words in fault
    assert fault.partition(" = ")[0].partition(".")[0].partition("[")[0] in config


def test_priorities_of_attached_stacks_are_reserved() -> None:
    attached = {priority_of_attached(name) for n in range(2000) for name in (f"pr-{n}", f"branch-{n}")}

    assert attached == set(PRIORITIES_OF_ATTACHED)
    assert attached.isdisjoint({LAST_PRIORITY, *(priority_of(f"name-{n}") for n in range(5000))})


def test_attached_stacks_have_no_alarms_by_default() -> None:
    assert settings_of(DEV, stack="pr-1").main.alarms.enabled is False
    assert settings_of({**DEV, "alarms": {"periods": 5}}, stack="pr-1").main.alarms.enabled
