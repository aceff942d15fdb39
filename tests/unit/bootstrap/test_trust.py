"""Which jobs on GitHub may take which role."""

from __future__ import annotations

import json

import pytest

from tests.unit.bootstrap.conftest import PROVIDER, ROLE, DeclareAccount
from tests.unit.bootstrap.simulator import REFERENCE, may_take
from tests.unit.infra.recorder import Graph

FORMS = ["repo:example/web", "repo:example@11/web@22"]
"""GitHub's two forms of a repository: by name, and by name and number."""
AUDIENCE = {"aud": "sts.amazonaws.com"}
MAIN = "refs/heads/main"
PULL_REQUEST = "refs/pull/7/merge"


def may(graph: Graph, role: str, subject: str, ref: str = MAIN, **claims: str) -> bool:
    trust = graph.one(ROLE, role).inputs["assumeRolePolicy"]
    return may_take(
        trust, PROVIDER, {**AUDIENCE, "repository_id": "22", "sub": subject, "ref": ref, **claims}
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_a_stack_is_deployed_from_its_environment_and_branch_alone(
    graph: Graph, stack: str, form: str
) -> None:
    """GitHub lets any branch into an environment until somebody restricts it."""
    subject = f"{form}:environment:{stack}"

    assert may(graph, f"deploy-{stack}", subject)
    assert not may(graph, f"deploy-{stack}", subject, "refs/heads/other")
    assert not may(graph, f"deploy-{stack}", subject, PULL_REQUEST)
    assert not may(graph, f"deploy-{stack}", f"{form}:environment:dev")
    assert not may(graph, f"deploy-{stack}", f"{form}:ref:{MAIN}")
    assert not may(graph, f"deploy-{stack}", f"{form}:pull_request")


@pytest.mark.parametrize("form", FORMS)
def test_a_stack_with_previews_is_deployed_from_any_branch(graph: Graph, form: str) -> None:
    assert may(graph, "deploy-dev", f"{form}:environment:dev")
    assert may(graph, "deploy-dev", f"{form}:environment:pull-requests", PULL_REQUEST)
    assert not may(graph, "deploy-dev", f"{form}:environment:prod")
    assert not may(graph, "deploy-dev", f"{form}:pull_request", PULL_REQUEST)


def test_another_branch_can_be_the_one(declare_account: DeclareAccount) -> None:
    graph = declare_account({"stacks": [{"name": "prod", "branch": "release"}]})

    assert may(graph, "deploy-prod", f"{FORMS[0]}:environment:prod", "refs/heads/release")
    assert not may(graph, "deploy-prod", f"{FORMS[0]}:environment:prod", MAIN)


@pytest.mark.parametrize("form", FORMS)
def test_pull_requests_take_the_role_that_reads(graph: Graph, form: str) -> None:
    assert may(graph, "preview", f"{form}:pull_request", PULL_REQUEST)
    assert not may(graph, "preview", f"{form}:ref:{MAIN}")


def test_other_workflows_that_only_read_are_named(declare_account: DeclareAccount) -> None:
    graph = declare_account({"read-only-subjects": ["pull_request", f"ref:{MAIN}"]})

    assert may(graph, "preview", f"{FORMS[0]}:ref:{MAIN}")
    assert not may(graph, "preview", f"{FORMS[0]}:ref:refs/heads/other")


def test_somebody_elses_jobs_take_no_role(graph: Graph) -> None:
    """Of another repository, of the same name after somebody took it over, or for another audience."""
    for role, subject in (("deploy-prod", "environment:prod"), ("preview", "pull_request")):
        assert not may(graph, role, f"repo:other/web:{subject}")
        assert not may(graph, role, f"{FORMS[0]}:{subject}", repository_id="23")
        assert not may(graph, role, f"{FORMS[0]}:{subject}", aud="other")


def test_claims_are_those_that_aws_compares(graph: Graph) -> None:
    """IAM takes a misspelt one without a word, and then nobody may take the role."""
    compared = set(REFERENCE.conditions.get_condition_keys_for_service("sts"))
    standard = {f"token.actions.githubusercontent.com:{claim}" for claim in ("aud", "sub")}

    for role in graph.all(ROLE):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Condition"].keys() == {"StringEquals"}
        assert statement["Condition"]["StringEquals"].keys() <= compared | standard


def test_the_provider_is_githubs(graph: Graph) -> None:
    provider = graph.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs

    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_an_accounts_own_provider_is_used(declare_account: DeclareAccount) -> None:
    """An account can have only one for each address."""
    graph = declare_account({"oidc-provider-arn": PROVIDER})

    assert graph.all("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    assert may(graph, "preview", f"{FORMS[0]}:pull_request")
