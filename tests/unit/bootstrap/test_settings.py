"""What `bootstrap/Pulumi.yaml` declares, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest
import yaml

from tests.unit.bootstrap.conftest import PROJECT, REPOSITORY, ROOT, DeclareAccount

DOCUMENT = yaml.safe_load((ROOT / "bootstrap" / "Pulumi.yaml").read_text())
KEYS = {key: entry for key, entry in DOCUMENT["config"].items() if ":" not in key}


def test_every_key_has_a_type_and_a_meaning() -> None:
    for entry in KEYS.values():
        assert entry["type"] in {"string", "integer", "boolean", "array"}
        assert entry["description"]
        # The CLI refuses a list without it.
        assert ("items" in entry) is (entry["type"] == "array")


def test_only_what_nobody_can_guess_has_no_default() -> None:
    assert {key for key, entry in KEYS.items() if "default" not in entry} == REPOSITORY.keys()


def test_it_is_a_project_of_its_own_in_the_main_projects_environment() -> None:
    main = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())

    assert DOCUMENT["name"] == PROJECT != main["name"]
    assert DOCUMENT["config"]["project"]["default"] == main["name"]
    assert DOCUMENT["runtime"]["options"] == {"toolchain": "pip", "virtualenv": "../.venv"}
    assert DOCUMENT["config"]["pulumi:disable-default-providers"] == {"value": ["aws"]}


def test_it_declares_the_stacks_that_the_main_project_has() -> None:
    files = {file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml")}

    assert {stack["name"] for stack in KEYS["stacks"]["default"]} == files


def _given(action: str, resource: str = "*") -> list[dict[str, Any]]:
    return [{"name": "dev", "task-role-statements": [{"actions": [action], "resources": [resource]}]}]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("github-repository", "web", 'github-repository = "web": organization/name'),
        ("github-repository", None, "github-repository is missing"),
        ("github-repository", "example/*", 'github-repository = "example/*"'),
        ("github-organization-id", 0, "github-organization-id = 0: a whole number, 1 or more"),
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
            'stacks[0].branch = "main": none, for previews come from any branch',
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
            _given("sts:AssumeRole"),
            'task-role-statements[0].actions[0] = "sts:AssumeRole": actions such as',
        ),
        ("stacks", _given("*"), 'stacks[0].task-role-statements[0].actions[0] = "*"'),
        (
            "stacks",
            _given("s3:*", "arn:aws:iam::123456789012:role/x"),
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
    ],
)
def test_what_cannot_be_right_is_refused_with_its_key(
    declare_account: DeclareAccount, key: str, value: Any, told: str
) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declare_account({key: value})

    assert told in str(refused.value)
    assert "nothing was changed" in str(refused.value)


def test_an_environment_deploys_one_stack(declare_account: DeclareAccount) -> None:
    """Else a job that waits for nobody could deploy what somebody has to approve."""
    stacks = [{"name": "dev", "environments": ["dev", "prod"]}, {"name": "prod"}]

    with pytest.raises(pulumi.RunError, match='stacks = "prod": each stack and each environment once'):
        declare_account({"stacks": stacks})


@pytest.mark.parametrize("other", [{"name": "prod"}, {"name": "demo", "previews": "pro-*"}])
def test_previews_are_of_one_stack(declare_account: DeclareAccount, other: dict[str, str]) -> None:
    """A pattern that fits another stack too would give dev's role that stack."""
    stacks = [{"name": "dev", "previews": "p*"}, other]

    with pytest.raises(pulumi.RunError, match=r'stacks = "p\*": a pattern that no stack of (prod|demo) has'):
        declare_account({"stacks": stacks})


def test_a_name_is_refused_that_is_too_long_for_its_role(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError, match=r"stacks\[0\]\.name = .*: shorter"):
        declare_account({"project": "a" * 24, "stacks": [{"name": "b" * 40}]})


def test_images_are_replicated_under_a_name(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError, match='image-repository = "": a name'):
        declare_account({"image-repository": "", "trusted-accounts": ["222222222222"]})


def test_all_faults_come_at_once(declare_account: DeclareAccount) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        declare_account(
            {"project": "Web", "state-history-days": 0, "stacks": [{}], "trusted-accounts": ["1"]}
        )

    assert str(refused.value).count("  - ") == 4


def test_a_preview_shows_all_that_an_update_makes(declare_account: DeclareAccount) -> None:
    preview, update = declare_account(dry_run=True), declare_account()

    assert {r.urn for r in preview.resources} == {r.urn for r in update.resources}


def test_every_aws_resource_and_function_uses_the_one_provider(declare_account: DeclareAccount) -> None:
    graph = declare_account()
    reference = f"{graph.one('pulumi:providers:aws').urn}::aws-id"

    assert [r.name for r in graph.resources if r.type.startswith("aws:") and r.provider != reference] == []
    assert [i.token for i in graph.invokes if i.provider != reference] == []


def test_the_document_tells_of_every_key() -> None:
    document = (ROOT / "docs" / "bootstrap.md").read_text()

    assert [key for key in KEYS if not re.search(rf"`{key}|config set {key} |:{key}:", document)] == []
