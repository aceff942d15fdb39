"""The configuration of bootstrap: `bootstrap/Pulumi.yaml`, and invalid values."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest
import yaml

from tests.unit.bootstrap.conftest import PROJECT, REPOSITORY, ROOT, DeclareAccount

DOCUMENT = yaml.safe_load((ROOT / "bootstrap" / "Pulumi.yaml").read_text())
KEYS = {key: entry for key, entry in DOCUMENT["config"].items() if ":" not in key}


def test_every_key_has_a_type_and_a_description() -> None:
    for entry in KEYS.values():
        assert entry["type"] in {"string", "integer", "boolean", "array"}
        assert entry["description"]
        # The CLI rejects a list without it.
        assert ("items" in entry) is (entry["type"] == "array")


def test_only_the_repository_has_no_default() -> None:
    assert {key for key, entry in KEYS.items() if "default" not in entry} == REPOSITORY.keys()


def test_project_uses_the_virtual_environment_of_the_main_project() -> None:
    main = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())

    assert DOCUMENT["name"] == PROJECT != main["name"]
    assert DOCUMENT["config"]["project"]["default"] == main["name"]
    assert DOCUMENT["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "../.venv"}
    assert DOCUMENT["config"]["pulumi:disable-default-providers"] == {"value": ["aws"]}


def test_default_stacks_are_those_of_the_main_project() -> None:
    files = {file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml")}

    assert {stack["name"] for stack in KEYS["stacks"]["default"]} == files


def _statements(action: str, resource: str = "*") -> list[dict[str, Any]]:
    return [{"name": "dev", "task-role-statements": [{"actions": [action], "resources": [resource]}]}]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("github-repository", "web", 'github-repository = "web": organization/name'),
        ("github-repository", None, "github-repository is missing"),
        ("github-repository", "example/*", 'github-repository = "example/*"'),
        ("github-organization-id", 0, "github-organization-id = 0: 1 or more"),
        ("github-repository-id", None, "github-repository-id is missing"),
        ("project", "Web", 'project = "Web"'),
        ("repository", "web", 'repository = "web": there is no such key; the nearest is `image-repository`'),
        ("oidc-provider-arn", "arn:aws:iam::123456789012:oidc-provider/example.com", "oidc-provider-arn ="),
        ("stacks", [{"name": "dev", "environments": ["*"]}], 'stacks[0].environments[0] = "*"'),
        ("stacks", [{"name": "dev", "environment": "dev"}], "the nearest is `environments`"),
        ("stacks", [{"name": "dev", "environments": []}], "stacks[0].environments = []"),
        ("stacks", ["dev"], 'stacks[0] = "dev": an object with name, environments'),
        ("stacks", [{"domains": []}], "stacks[0].name is missing"),
        ("stacks", [{"name": "dev"}, {"name": "dev"}], 'stacks = "dev": each stack'),
        ("stacks", [{"name": "dev", "previews": "*"}], 'stacks[0].previews = "*"'),
        ("read-only-subjects", ["*"], 'read-only-subjects[0] = "*"'),
        ("read-only-subjects", ["ref:refs/heads/*"], 'read-only-subjects[0] = "ref:refs/heads/*"'),
        ("stacks", [{"name": "dev", "branch": "*"}], 'stacks[0].branch = "*": a branch'),
        (
            "stacks",
            [{"name": "dev", "branch": "main", "previews": "pr-*"}],
            'stacks[0].branch = "main": none, as previews are deployed from any branch',
        ),
        (
            "stacks",
            [{"name": "dev", "domains": ["Dev.example.com."]}],
            'stacks[0].domains[0] = "Dev.example.com."',
        ),
        (
            "stacks",
            [{"name": "dev", "domains": "dev.example.com"}],
            'stacks[0].domains = "dev.example.com": a list',
        ),
        (
            "stacks",
            _statements("sts:AssumeRole"),
            'task-role-statements[0].actions[0] = "sts:AssumeRole": actions such as',
        ),
        ("stacks", _statements("*"), 'stacks[0].task-role-statements[0].actions[0] = "*"'),
        (
            "stacks",
            _statements("s3:*", "arn:aws:iam::123456789012:role/x"),
            "task-role-statements[0].resources[0] =",
        ),
        (
            "stacks",
            [{"name": "dev", "task-role-statements": [{}]}],
            "task-role-statements[0].actions is missing",
        ),
        ("image-repository", "Web", 'image-repository = "Web"'),
        ("expire-images-after-days", -1, "expire-images-after-days = -1"),
        ("state-history-days", 0, "state-history-days = 0"),
        ("state-bucket", "other-state", "state-key-arn"),
        ("trusted-accounts", ["1"], 'trusted-accounts[0] = "1": an AWS account'),
        ("trusted-accounts", "all", 'trusted-accounts = "all": a list'),
        ("alarm-emails", ["nobody"], 'alarm-emails[0] = "nobody": e-mail addresses'),
        ("log-days", -1, "log-days = -1: 0 or more"),
        ("log-key", "yes", 'log-key = "yes": true or false'),
    ],
)
def test_invalid_values_are_rejected_with_their_keys(
    declare_account: DeclareAccount, key: str, value: Any, message: str
) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        declare_account({key: value})

    assert message in str(raised.value)
    assert "nothing was changed" in str(raised.value)


def test_environment_can_deploy_one_stack_only(declare_account: DeclareAccount) -> None:
    """A job of an environment without approval could otherwise deploy a stack that requires one."""
    stacks = [{"name": "dev", "environments": ["dev", "prod"]}, {"name": "prod"}]

    with pytest.raises(pulumi.RunError, match='stacks = "prod": each stack and each environment once'):
        declare_account({"stacks": stacks})


@pytest.mark.parametrize("other", [{"name": "prod"}, {"name": "demo", "previews": "pro-*"}])
def test_previews_belong_to_one_stack(declare_account: DeclareAccount, other: dict[str, str]) -> None:
    """A pattern that matches another stack would give dev's role access to it."""
    stacks = [{"name": "dev", "previews": "p*"}, other]

    with pytest.raises(
        pulumi.RunError, match=r'stacks = "p\*": a pattern that matches no stack of (prod|demo)'
    ):
        declare_account({"stacks": stacks})


def test_stack_name_must_fit_into_the_role_name(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError, match=r"stacks\[0\]\.name = .*: shorter"):
        declare_account({"project": "a" * 24, "stacks": [{"name": "b" * 40}]})


def test_replication_requires_a_repository(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError, match='image-repository = "": a name'):
        declare_account({"image-repository": "", "trusted-accounts": ["222222222222"]})


def test_all_errors_are_in_one_message(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError) as raised:
        declare_account(
            {"project": "Web", "state-history-days": 0, "stacks": [{}], "trusted-accounts": ["1"]}
        )

    assert str(raised.value).startswith("The configuration of the account has 4 errors; nothing was changed.")
    assert str(raised.value).count("  - ") == 4


def test_preview_has_all_resources_of_an_update(declare_account: DeclareAccount) -> None:
    preview, update = declare_account(dry_run=True), declare_account()

    assert {r.urn for r in preview.resources} == {r.urn for r in update.resources}


def test_all_resources_and_functions_use_the_same_provider(declare_account: DeclareAccount) -> None:
    graph = declare_account()
    reference = f"{graph.one('pulumi:providers:aws').urn}::aws-id"

    assert [r.name for r in graph.resources if r.type.startswith("aws:") and r.provider != reference] == []
    assert [i.token for i in graph.invokes if i.provider != reference] == []


def test_document_describes_every_key() -> None:
    document = (ROOT / "docs" / "bootstrap.md").read_text()

    assert [key for key in KEYS if not re.search(rf"`{key}|config set {key} |:{key}:", document)] == []
