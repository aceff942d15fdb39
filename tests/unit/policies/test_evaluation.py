"""Exceptions, what cannot be known yet, and what the report says of both."""

from __future__ import annotations

import pytest

from policies.engine import plain
from policies.evaluation import ExceptionsError, evaluate
from policies.resources import UNKNOWN, Declaration
from tests.unit.policies.examples import make

REPOSITORY = "aws:ecr/repository:Repository"
BOTH = Declaration.of(
    make(REPOSITORY, name, imageScanningConfiguration={"scanOnPush": True}) for name in ("app", "app-cache")
)
SHORT = Declaration.of([make("aws:ecs/cluster:Cluster", settings=[])])


def test_an_exception_with_a_reason_is_reported_and_does_not_fail() -> None:
    report = evaluate(SHORT, {"ECS.12": "dev is small"})

    assert report.failures == []
    assert [(str(one), one.reason) for one in report.excepted] == [
        ("ECS.12 it has no Container Insights", "dev is small")
    ]


def test_an_exception_can_be_for_one_resource() -> None:
    report = evaluate(BOTH, {"ECR.2/app-cache": "one tag that moves"})

    assert [one.resource for one in report.failures if one.control.id == "ECR.2"] == ["app"]
    assert [one.resource for one in report.excepted] == ["app-cache"]


def test_an_exception_that_nothing_needs_is_reported() -> None:
    assert evaluate(SHORT, {"ECS.12": "dev is small", "ECS.2": "no NAT"}).unused == ["ECS.2"]


@pytest.mark.parametrize(
    ("exceptions", "message"),
    [
        (
            {"ECS.22": "why not"},
            "exceptions.ECS.22: no control of the policy pack has this id, did you mean ECS.2?",
        ),
        (
            {"Nonsense.1": "why not"},
            "exceptions.Nonsense.1: no control of the policy pack has this id (docs/security.md lists them)",
        ),
        ({"ECS.2": " "}, "exceptions.ECS.2 has no reason: say why the stack does without"),
    ],
)
def test_an_exception_that_is_wrong_is_refused(exceptions: dict[str, str], message: str) -> None:
    with pytest.raises(ExceptionsError) as raised:
        evaluate(SHORT, exceptions)

    assert str(raised.value) == message


def test_what_is_not_known_yet_neither_passes_nor_fails() -> None:
    definition = make("aws:ecs/taskDefinition:TaskDefinition", containerDefinitions=UNKNOWN)
    report = evaluate(Declaration.of([definition]), {"ECS.5": "it writes a file"}, only="ECS.5")

    assert (report.failures, report.undecided, report.unused) == ([], {"ECS.5": ["it"]}, [])


def test_advice_does_not_fail() -> None:
    report = evaluate(Declaration.of([make("aws:lb/targetGroup:TargetGroup", protocol="HTTP")]))

    assert (report.failures, [str(one) for one in report.advice]) == ([], ["ELB.22 it reaches tasks by HTTP"])


def test_secrets_and_what_is_known_later_are_unknown_to_controls() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}

    assert plain({"a": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", 1], "b": secret, "c": None}) == {
        "a": [UNKNOWN, 1],
        "b": UNKNOWN,
        "c": None,
    }


def test_an_exception_for_a_check_of_a_scanner_is_the_scanner_s_own() -> None:
    """`make scan` says which of them nothing needs."""
    report = evaluate(Declaration.of([]), {"CKV_AWS_338": "a week is enough here"})

    assert report.unused == []
