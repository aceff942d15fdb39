"""Trust policies: the jobs on GitHub that can assume each role."""

from __future__ import annotations

import json

import pytest

from tests.unit.bootstrap.conftest import PROVIDER, ROLE, DeclareAccount
from tests.unit.bootstrap.simulator import REFERENCE, can_assume
from tests.unit.infra.recorder import Graph

FORMS = ["repo:example/web", "repo:example@11/web@22"]
"""GitHub's two formats of a repository: by name, and by name and number."""
AUDIENCE = {"aud": "sts.amazonaws.com"}
MAIN = "refs/heads/main"
PULL_REQUEST = "refs/pull/7/merge"


def can_job_assume(graph: Graph, role: str, subject: str, ref: str = MAIN, **claims: str) -> bool:
    trust = graph.one(ROLE, role).inputs["assumeRolePolicy"]
    return can_assume(
        trust, PROVIDER, {**AUDIENCE, "repository_id": "22", "sub": subject, "ref": ref, **claims}
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_deploy_role_requires_the_environment_and_the_branch(graph: Graph, stack: str, form: str) -> None:
    """GitHub allows every branch for an environment by default."""
    subject = f"{form}:environment:{stack}"

    assert can_job_assume(graph, f"deploy-{stack}", subject)
    assert not can_job_assume(graph, f"deploy-{stack}", subject, "refs/heads/other")
    assert not can_job_assume(graph, f"deploy-{stack}", subject, PULL_REQUEST)
    assert not can_job_assume(graph, f"deploy-{stack}", f"{form}:environment:dev")
    assert not can_job_assume(graph, f"deploy-{stack}", f"{form}:ref:{MAIN}")
    assert not can_job_assume(graph, f"deploy-{stack}", f"{form}:pull_request")


@pytest.mark.parametrize("form", FORMS)
def test_deploy_role_with_previews_allows_any_branch(graph: Graph, form: str) -> None:
    assert can_job_assume(graph, "deploy-dev", f"{form}:environment:dev")
    assert can_job_assume(graph, "deploy-dev", f"{form}:environment:pull-requests", PULL_REQUEST)
    assert not can_job_assume(graph, "deploy-dev", f"{form}:environment:prod")
    assert not can_job_assume(graph, "deploy-dev", f"{form}:pull_request", PULL_REQUEST)


def test_branch_is_configurable(declare_account: DeclareAccount) -> None:
    graph = declare_account({"stacks": [{"name": "prod", "branch": "release"}]})

    assert can_job_assume(graph, "deploy-prod", f"{FORMS[0]}:environment:prod", "refs/heads/release")
    assert not can_job_assume(graph, "deploy-prod", f"{FORMS[0]}:environment:prod", MAIN)


@pytest.mark.parametrize("form", FORMS)
def test_pull_requests_can_assume_the_preview_role(graph: Graph, form: str) -> None:
    assert can_job_assume(graph, "preview", f"{form}:pull_request", PULL_REQUEST)
    assert not can_job_assume(graph, "preview", f"{form}:ref:{MAIN}")


def test_subjects_of_the_preview_role_are_configurable(declare_account: DeclareAccount) -> None:
    graph = declare_account({"read-only-subjects": ["pull_request", f"ref:{MAIN}"]})

    assert can_job_assume(graph, "preview", f"{FORMS[0]}:ref:{MAIN}")
    assert not can_job_assume(graph, "preview", f"{FORMS[0]}:ref:refs/heads/other")


def test_other_repositories_and_audiences_cannot_assume_roles(graph: Graph) -> None:
    """Including a new repository with a reused name."""
    for role, subject in (("deploy-prod", "environment:prod"), ("preview", "pull_request")):
        assert not can_job_assume(graph, role, f"repo:other/web:{subject}")
        assert not can_job_assume(graph, role, f"{FORMS[0]}:{subject}", repository_id="23")
        assert not can_job_assume(graph, role, f"{FORMS[0]}:{subject}", aud="other")


def test_claims_are_supported_by_aws(graph: Graph) -> None:
    """IAM accepts misspelled claims, and then nobody can assume the role."""
    compared = set(REFERENCE.conditions.get_condition_keys_for_service("sts"))
    standard = {f"token.actions.githubusercontent.com:{claim}" for claim in ("aud", "sub")}

    for role in graph.all(ROLE):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Condition"].keys() == {"StringEquals"}
        assert statement["Condition"]["StringEquals"].keys() <= compared | standard


def test_provider_is_github(graph: Graph) -> None:
    provider = graph.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs

    assert provider["url"] == "https://token.actions.githubusercontent.com"
    assert provider["clientIdLists"] == ["sts.amazonaws.com"]


def test_existing_provider_is_used(declare_account: DeclareAccount) -> None:
    """An account can have only one provider for each URL."""
    graph = declare_account({"oidc-provider-arn": PROVIDER})

    assert graph.all("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    assert can_job_assume(graph, "preview", f"{FORMS[0]}:pull_request")
