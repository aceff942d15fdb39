"""Reports: exceptions, advice, and values that are known only after an update."""

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
CLUSTER = Declaration.of([make("aws:ecs/cluster:Cluster", settings=[])])


def test_exception_with_a_reason_is_reported_and_does_not_fail() -> None:
    report = evaluate(CLUSTER, {"ECS.12": "dev is small"})

    assert report.failures == []
    assert [(str(finding), finding.reason) for finding in report.excepted] == [
        ("ECS.12 it has no Container Insights", "dev is small")
    ]


def test_exception_can_name_one_resource() -> None:
    report = evaluate(BOTH, {"ECR.2/app-cache": "one tag that moves"})

    assert [finding.resource for finding in report.failures if finding.control.id == "ECR.2"] == ["app"]
    assert [finding.resource for finding in report.excepted] == ["app-cache"]


def test_unused_exceptions_are_reported() -> None:
    assert evaluate(CLUSTER, {"ECS.12": "dev is small", "ECS.2": "no NAT"}).unused == ["ECS.2"]


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
        ({"ECS.2": " "}, "exceptions.ECS.2 has no reason: give the reason as its value"),
    ],
)
def test_invalid_exceptions_are_rejected(exceptions: dict[str, str], message: str) -> None:
    with pytest.raises(ExceptionsError) as raised:
        evaluate(CLUSTER, exceptions)

    assert str(raised.value) == message


def test_unknown_values_are_undecided() -> None:
    definition = make("aws:ecs/taskDefinition:TaskDefinition", containerDefinitions=UNKNOWN)
    report = evaluate(Declaration.of([definition]), {"ECS.5": "it writes a file"}, only="ECS.5")

    assert (report.failures, report.undecided, report.unused) == ([], {"ECS.5": ["it"]}, [])


def test_advisory_findings_do_not_fail() -> None:
    group = make("aws:lb/targetGroup:TargetGroup", protocol="HTTP", healthCheck={"protocol": "HTTPS"})
    report = evaluate(Declaration.of([group]))

    assert report.failures == []
    assert [str(finding) for finding in report.advice] == [
        "ELB.22 it forwards requests to tasks over plain HTTP"
    ]


def test_secrets_and_unknown_values_are_converted_to_unknown() -> None:
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "x"}

    assert plain({"a": ["04da6b54-80e4-46f7-96ec-b56ff0331ba9", 1], "b": secret, "c": None}) == {
        "a": [UNKNOWN, 1],
        "b": UNKNOWN,
        "c": None,
    }


def test_exceptions_for_scanners_are_not_reported_as_unused() -> None:
    """`make scan` reports them itself."""
    report = evaluate(Declaration.of([]), {"CKV_AWS_338": "a week is enough here"})

    assert report.unused == []
