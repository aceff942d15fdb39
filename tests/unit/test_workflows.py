"""What a workflow on GitHub may do: read, with exact actions, within a time."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from automation.cli import cli
from local.pulumi.versions import VERSION

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / ".github" / "workflows").iterdir())
WORKFLOWS: dict[str, Any] = {path.name: yaml.load(path.read_text(), yaml.BaseLoader) for path in FILES}  # noqa: S506
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
JOBS = {
    (name, job): definition
    for name, workflow in WORKFLOWS.items()
    for job, definition in workflow["jobs"].items()
}
COMPOSITE = [
    step
    for path in ACTIONS
    for step in yaml.load(path.read_text(), yaml.BaseLoader)["runs"]["steps"]  # noqa: S506
]
STEPS = [step for job in JOBS.values() for step in job.get("steps", [])] + COMPOSITE

GUARD = "vars.AWS_ACCOUNT_ID != ''"
OURS = "github.event.pull_request.head.repo.full_name == github.repository"
MAIN = "${{ github.event.repository.default_branch }}"
READS = {"contents": "read", "id-token": "write"}
PERMISSIONS: dict[tuple[str, str], dict[str, str]] = {
    ("preview.yml", "preview"): READS,
    ("preview.yml", "comment"): {"actions": "read", "contents": "read", "pull-requests": "write"},
    ("deploy.yml", "dev"): READS,
    ("deploy.yml", "attest"): READS | {"attestations": "write"},
    ("deploy.yml", "staging"): READS,
    ("deploy.yml", "prod"): READS,
    ("pr-environment.yml", "up"): READS,
    ("pr-environment.yml", "down"): READS,
    ("pr-environment.yml", "comment"): {"contents": "read", "pull-requests": "write"},
    ("clean-up.yml", "clean-up"): READS | {"pull-requests": "read"},
    ("drift.yml", "drift"): READS,
    ("drift.yml", "issue"): {"issues": "write"},
    ("docs.yml", "publish"): {"id-token": "write", "pages": "write"},
}


def setup_of(job: Any) -> Any:
    """Return what a job asks of AWS, if anything."""
    found = [step["with"] for step in job["steps"] if step.get("uses") == "./.github/actions/setup"]
    return found[0] if found else None


def role_of(job: Any) -> str:
    setup = setup_of(job)
    return setup["role"].rpartition("/")[2] if setup else ""


WITH_ACCOUNT = {key: job for key, job in JOBS.items() if setup_of(job) is not None}
account_jobs = pytest.mark.parametrize(
    ("key", "job"), WITH_ACCOUNT.items(), ids=[" ".join(key) for key in WITH_ACCOUNT]
)
workflows = pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=list(WORKFLOWS))
jobs = pytest.mark.parametrize("job", JOBS.values(), ids=[" ".join(key) for key in JOBS])
files = pytest.mark.parametrize(
    "path", [*FILES, *ACTIONS], ids=lambda path: f"{path.parent.name}/{path.name}"
)


@workflows
def test_workflows_have_no_permissions_by_default(workflow: Any) -> None:
    assert workflow["permissions"] == {}


@pytest.mark.parametrize("key", JOBS, ids=" ".join)
def test_each_job_has_only_the_permissions_that_it_needs(key: tuple[str, str]) -> None:
    assert JOBS[key]["permissions"] in (
        [PERMISSIONS[key]] if key in PERMISSIONS else [{}, {"contents": "read"}]
    )


@jobs
def test_each_job_has_a_timeout_and_a_pinned_runner(job: Any) -> None:
    assert 0 < int(job["timeout-minutes"]) <= 110
    assert job["runs-on"] in ("ubuntu-24.04", "${{ vars.BUILD_RUNNER || 'ubuntu-24.04-arm' }}")


@files
def test_actions_are_named_by_commit_with_their_version(path: Path) -> None:
    """A tag can be moved to other code."""
    uses = [line for line in re.findall(r"uses: *(.*)", path.read_text()) if not line.startswith("./")]

    assert [line for line in uses if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_one_action_has_one_version() -> None:
    used = {step["uses"] for step in STEPS if "uses" in step and not step["uses"].startswith("./")}

    assert len({use.split("@")[0] for use in used}) == len(used)


def test_workflows_install_the_projects_version_of_the_pulumi_cli() -> None:
    used = [step["with"]["pulumi-version"] for step in STEPS if "pulumi-version" in step.get("with", {})]

    assert used == [VERSION] * 2


def test_no_checkout_leaves_its_token_behind() -> None:
    checkouts = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts != []
    assert [step for step in checkouts if step["with"].get("persist-credentials") != "false"] == []


@pytest.mark.parametrize(
    ("name", "group", "cancels"),
    [
        ("ci.yml", "ci-${{ github.ref }}", "${{ github.event_name == 'pull_request' }}"),
        ("preview.yml", "preview-${{ github.event.pull_request.number }}", "true"),
        ("clean-up.yml", "clean-up", "false"),
        ("drift.yml", "drift", "false"),
        ("docs.yml", "docs", "false"),
    ],
)
def test_read_only_runs_are_cancelled_by_newer_ones(name: str, group: str, cancels: str) -> None:
    assert WORKFLOWS[name]["concurrency"] == {"group": group, "cancel-in-progress": cancels}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_deployments_of_a_stack_run_one_at_a_time_and_are_never_cancelled(stack: str) -> None:
    assert "concurrency" not in WORKFLOWS["deploy.yml"]
    assert JOBS["deploy.yml", stack]["concurrency"] == {
        "group": f"deploy-{stack}",
        "cancel-in-progress": "false",
    }


@pytest.mark.parametrize(
    ("label", "labels", "shared"),
    [
        # Of `labeled` and `unlabeled` the event names the label, and the pull request has its others.
        ("preview", ["preview"], True),
        ("preview", [], True),
        ("bug", ["preview"], False),
        # Pushed, reopened or closed.
        (None, ["bug", "preview"], True),
        (None, ["bug"], False),
    ],
)
def test_preview_deployments_run_one_at_a_time_and_are_never_cancelled(
    label: str | None, labels: list[str], *, shared: bool
) -> None:
    """A run that does nothing would push the one that waits to remove everything out of its group."""
    concurrency = WORKFLOWS["pr-environment.yml"]["concurrency"]
    expression = concurrency["group"].removeprefix("pr-environment-${{ ").removesuffix(" }}")
    for github, python in {
        "contains(github.event.pull_request.labels.*.name, 'preview')": "('preview' in labels)",
        "github.event.pull_request.number": "'number'",
        "github.event.label.name": "label",
        "github.run_id": "'run'",
        "&&": "and",
        "||": "or",
    }.items():
        expression = expression.replace(github, python)

    group = eval(expression, {"label": label, "labels": labels})  # noqa: S307 -- of this repository

    assert concurrency["cancel-in-progress"] == "false"
    assert group == ("number" if shared else "run")


def test_no_two_workflows_share_a_group() -> None:
    groups = [
        holder["concurrency"]["group"]
        for holder in [*WORKFLOWS.values(), *JOBS.values()]
        if "concurrency" in holder
    ]

    assert len({group.partition("$")[0] for group in groups}) == len(groups)


@pytest.mark.parametrize("key", JOBS, ids=" ".join)
def test_only_jobs_that_assume_a_role_can_request_an_oidc_token(key: tuple[str, str]) -> None:
    # GitHub Pages asks for one, too.
    takes_one = key in WITH_ACCOUNT or key == ("docs.yml", "publish")

    assert ("id-token" in JOBS[key]["permissions"]) == takes_one


def test_docs_are_published_only_if_the_owner_enables_it() -> None:
    assert {job["if"] for job in WORKFLOWS["docs.yml"]["jobs"].values()} == {"vars.PUBLISH_DOCS == 'true'"}
    assert "pull_request" not in WORKFLOWS["docs.yml"]["on"]


@account_jobs
def test_jobs_with_credentials_need_a_configured_account(key: tuple[str, str], job: Any) -> None:
    first = job["if"].split(" && ")[0]

    assert first == GUARD


@account_jobs
def test_jobs_with_credentials_do_not_run_for_forks(key: tuple[str, str], job: Any) -> None:
    if "pull_request" in WORKFLOWS[key[0]]["on"]:
        assert job["if"].split(" && ")[1] == OURS


@account_jobs
def test_each_job_assumes_the_role_of_its_environment(key: tuple[str, str], job: Any) -> None:
    environment = job.get("environment", "")
    name = environment if isinstance(environment, str) else environment["name"]
    roles = {"": "preview", "pull-requests": "deploy-dev"}

    assert role_of(job) == f"node-on-ecs-{roles.get(name, f'deploy-{name}')}"
    if key == ("deploy.yml", "attest") or key[0] in ("preview.yml", "drift.yml"):
        assert name == ""
    elif key[0] == "deploy.yml":
        assert name == key[1]


@account_jobs
def test_role_sessions_last_longer_than_their_job_and_within_the_accounts_limit(
    key: tuple[str, str], job: Any
) -> None:
    seconds = int(setup_of(job)["role-duration-seconds"])

    assert int(job["timeout-minutes"]) * 60 < seconds
    assert seconds == (3600 if role_of(job).endswith("preview") else 7200)


STACK_OF = {"deploy-dev": "DEV", "deploy-staging": "STAGING", "deploy-prod": "PROD"}


def variable(name: str, suffix: str) -> str:
    """Return the expression of a variable of one stack, which falls back to the one for all."""
    own = f"vars[format('{name}_{{0}}', {suffix})]" if "." in suffix else f"vars.{name}_{suffix}"
    return f"${{{{ {own} || vars.{name} }}}}"


@account_jobs
def test_each_job_has_the_account_region_and_backend_of_its_stack(key: tuple[str, str], job: Any) -> None:
    """With one AWS account for each environment none of them is the same everywhere."""
    # The image that is attested is dev's.
    suffix = STACK_OF.get(role_of(job).removeprefix("node-on-ecs-"), "DEV" if key[1] == "attest" else "")
    suffix = suffix or "matrix.suffix"

    assert job["env"]["PULUMI_BACKEND_URL"] == variable("PULUMI_BACKEND_URL", suffix)
    assert setup_of(job)["region"] == variable("AWS_REGION", suffix)
    assert setup_of(job)["role"].startswith(f"arn:aws:iam::{variable('AWS_ACCOUNT_ID', suffix)}:role/")
    assert "env" not in WORKFLOWS[key[0]]


@pytest.mark.parametrize("key", [("preview.yml", "preview"), ("drift.yml", "drift")], ids=" ".join)
def test_the_matrix_names_the_variables_of_each_stack(key: tuple[str, str]) -> None:
    entries = JOBS[key]["strategy"]["matrix"]["include"]

    assert {entry["stack"]: entry["suffix"] for entry in entries} == {
        "dev": "DEV",
        "staging": "STAGING",
        "prod": "PROD",
    }


def test_credentials_are_configured_by_one_action_after_installation() -> None:
    users = [step for step in STEPS if step.get("uses", "").startswith("aws-actions/")]

    assert len(users) == 1
    assert COMPOSITE.index(users[0]) > max(
        number for number, step in enumerate(COMPOSITE) if step.get("run") == "make venv"
    )
    assert users[0]["with"].keys() == {"aws-region", "role-to-assume", "role-duration-seconds"}


@pytest.mark.parametrize("path", [*FILES, *ACTIONS], ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_workflow_uses_stored_keys(path: Path) -> None:
    """The token of a run is `github.token`."""
    assert "secrets." not in path.read_text()
    assert "secrets[" not in path.read_text()


def test_jobs_that_write_to_pull_requests_run_code_of_main_without_credentials() -> None:
    writers = {key: job for key, job in JOBS.items() if job["permissions"].get("pull-requests") == "write"}

    assert sorted(writers) == [("pr-environment.yml", "comment"), ("preview.yml", "comment")]
    for job in writers.values():
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert [step["with"]["ref"] for step in checkouts] == [MAIN]
        assert not [step for step in job["steps"] if "automation" in step.get("run", "")]


def test_the_comment_is_searched_on_every_page() -> None:
    scripts = [step["run"] for step in COMPOSITE if "issues/$NUMBER/comments" in step.get("run", "")]

    assert len(scripts) == 1
    assert "gh api --paginate" in scripts[0]
    assert "startswith(env.MARKER)" in scripts[0]


def test_main_is_deployed_to_dev_then_staging_then_prod() -> None:
    deploy = WORKFLOWS["deploy.yml"]

    assert deploy["on"] == {"push": {"branches": ["main"]}}
    assert [(name, job.get("needs")) for name, job in deploy["jobs"].items()] == [
        ("dev", None),
        ("attest", "dev"),
        ("staging", "dev"),
        ("prod", "staging"),
    ]


def test_attestation_is_optional_and_covers_the_image_of_dev() -> None:
    """By its digest. Private repositories have attestations with GitHub Enterprise alone."""
    job = JOBS["deploy.yml", "attest"]
    attested = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/attest@")]
    listed = next(step for step in job["steps"] if "syft" in step.get("run", "").lower())

    assert job["if"].endswith("vars.ATTEST_IMAGES == 'true'")
    assert listed["env"]["IMAGE"] == "${{ needs.dev.outputs.image }}"
    assert {one["subject-digest"] for one in attested} == {"${{ steps.image.outputs.digest }}"}
    assert [one.get("sbom-path") for one in attested] == [None, "sbom.spdx.json"]
    assert not [one for one in attested if "push-to-registry" in one], "ECR's lifecycle would count them"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_every_deployment_is_followed_by_a_check(stack: str) -> None:
    commands = [" ".join(words) for words in commands_in(JOBS["deploy.yml", stack])]
    deployed = max(
        number for number, command in enumerate(commands) if command.startswith(("up ", "promote "))
    )

    assert commands[deployed + 1].startswith(f"check {stack} ")


@pytest.mark.parametrize(("stack", "before"), [("staging", "dev"), ("prod", "staging")])
def test_promotion_uses_the_image_that_this_run_tested(stack: str, before: str) -> None:
    steps = JOBS["deploy.yml", stack]["steps"]
    guard = next(number for number, step in enumerate(steps) if "TESTED" in step.get("env", {}))

    assert steps[guard]["env"]["TESTED"] == f"${{{{ needs.{before}.outputs.image }}}}"
    assert f"promote {before} {stack}" in steps[guard + 1]["run"]


SAME_BACKEND = "env.BACKEND_BEFORE == env.PULUMI_BACKEND_URL"
OTHER_BACKEND = "env.BACKEND_BEFORE != env.PULUMI_BACKEND_URL"


@pytest.mark.parametrize(("stack", "before"), [("staging", "dev"), ("prod", "staging")])
def test_an_image_is_promoted_by_state_or_from_another_backend_by_its_digest(stack: str, before: str) -> None:
    """A role cannot read the state in another account's backend, and `promote` reads both."""
    job = JOBS["deploy.yml", stack]
    reads_both = [
        step["if"] for step in job["steps"] if f"automation outputs {before}" in step.get("run", "")
    ]
    promotes = [step["if"] for step in job["steps"] if "automation promote" in step.get("run", "")]

    assert job["env"]["BACKEND_BEFORE"] == variable("PULUMI_BACKEND_URL", before.upper())
    assert [*reads_both, *promotes] == [SAME_BACKEND] * 2
    step = by_digest(stack)
    assert step["env"] == {
        "TESTED": f"${{{{ needs.{before}.outputs.image }}}}",
        "ACCOUNT": variable("AWS_ACCOUNT_ID", stack.upper()),
    }


def by_digest(stack: str) -> Any:
    """Return the step that deploys an image of another backend's stack."""
    (step,) = [step for step in JOBS["deploy.yml", stack]["steps"] if step.get("if") == OTHER_BACKEND]
    return step


IMAGE = f"node-on-ecs@sha256:{'1' * 64}"
FAKE_COMMAND = """#!/bin/sh
printf '%s\\n' "${0##*/} $*" >> calls
[ "${0##*/} $1" != "$FAILS" ]
"""


def run_script(script: str, folder: Path, *options: str, **variables: str) -> tuple[int, str, list[str]]:
    """Run a step as GitHub does, with fake commands; return exit code, output, and what it has called."""
    for name in ("aws", "gh", "pulumi", ".venv/bin/python"):
        command = folder / name
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(FAKE_COMMAND)
        command.chmod(0o755)
    run = subprocess.run(
        ["bash", "-e", *options, "-c", script],
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}", "FAILS": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = folder / "calls"
    return run.returncode, run.stdout, calls.read_text().splitlines() if calls.exists() else []


OF_PROD = {
    "ACCOUNT": "222222222222",
    "AWS_REGION": "eu-central-1",
    "TESTED": f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/{IMAGE}",
}


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_the_copy_in_the_stacks_own_account_is_deployed(stack: str, tmp_path: Path) -> None:
    code, _, calls = run_script(by_digest(stack)["run"], tmp_path, **OF_PROD)

    digest = IMAGE.partition("@")[2]
    copy = f"222222222222.dkr.ecr.eu-central-1.amazonaws.com/{IMAGE}"
    assert (code, calls) == (
        0,
        [
            f"aws ecr describe-images --repository-name node-on-ecs --image-ids imageDigest={digest}",
            f"pulumi config set --stack {stack} --plaintext node-on-ecs:image {copy}",
            f"python -m automation up {stack} --summary summary.md",
        ],
    )


def test_an_image_that_is_not_copied_yet_is_not_deployed(tmp_path: Path) -> None:
    """ECS would only fail after minutes of attempts to pull it."""
    code, output, calls = run_script(by_digest("prod")["run"], tmp_path, **OF_PROD, FAILS="aws ecr")

    assert (code, len(calls)) == (1, 1)
    assert f"::error::222222222222 has no {IMAGE}; ECR copies it within minutes" in output


@pytest.mark.parametrize(("before", "sets"), [("s3://state", False), ("s3://other", True)])
def test_a_preview_has_the_running_image_if_the_backend_is_the_stacks_own(
    before: str, tmp_path: Path, *, sets: bool
) -> None:
    """`deploy` sets the image, and the file has an older one."""
    (script,) = [
        step["run"]
        for step in JOBS["preview.yml", "preview"]["steps"]
        if "automation preview" in step.get("run", "")
    ]
    code, _, calls = run_script(
        script,
        tmp_path,
        STACK="prod",
        BACKEND_BEFORE=before,
        PULUMI_BACKEND_URL="s3://state",
        GITHUB_STEP_SUMMARY="summary",
    )

    assert code == 0
    assert [call.partition(" node-on-ecs:image")[0] for call in calls] == [
        *(
            ["python -m automation outputs prod image", "pulumi config set --stack prod --plaintext"]
            if sets
            else []
        ),
        "python -m automation preview prod --policies --comment comment.md",
    ]


def test_a_comment_may_be_cut_within_a_character(tmp_path: Path) -> None:
    (script,) = [step["run"] for step in COMPOSITE if "issues/$NUMBER/comments" in step.get("run", "")]
    (tmp_path / "comment.md").write_text("aé" + "é" * 40_000)
    variables = {"SUBJECT": "preview of dev", "FILE": "comment.md", "NUMBER": "7", "GITHUB_REPOSITORY": "a/b"}

    # As GitHub does for `shell: bash`.
    code, _, calls = run_script(script, tmp_path, "-o", "pipefail", **variables)

    assert code == 0
    assert calls[1] == (
        "gh api --silent --method POST repos/a/b/issues/7/comments --raw-field "
        "body=<!-- node-on-ecs: preview of dev -->"
    )
    assert calls[2] == "a" + "é" * 32_499


def clean_up_script() -> str:
    return next(
        step["run"]
        for step in JOBS["clean-up.yml", "clean-up"]["steps"]
        if "previews clean-up" in step.get("run", "")
    )


def test_nothing_is_removed_without_the_list_of_pull_requests(tmp_path: Path) -> None:
    """An empty list would remove the stacks of all."""
    code, _, calls = run_script(clean_up_script(), tmp_path, GITHUB_REPOSITORY="a/b", FAILS="gh api")

    assert (code, len(calls)) == (1, 1)


def test_the_list_has_every_open_pull_request_with_the_label(tmp_path: Path) -> None:
    """GitHub's search, which `gh pr list --label` asks, is behind by minutes."""
    code, _, calls = run_script(clean_up_script(), tmp_path, GITHUB_REPOSITORY="a/b")

    assert code == 0
    assert calls[0].startswith("gh api --paginate repos/a/b/pulls?state=open&per_page=100 --jq ")
    assert calls[1] == "python -m automation previews clean-up --open "


def commands_in(job: Any) -> list[list[str]]:
    """Return what a job asks of `python -m automation`."""
    return commands_of("\n".join(step.get("run", "") for step in job["steps"]))


def commands_of(script: str) -> list[list[str]]:
    script = script.replace("\\\n", " ")
    found = re.findall(r"python -m automation +(.*?)(?:\)| \|\| | >> |$)", script, re.MULTILINE)
    return [shlex.split(command, comments=True) for command in found]


def understood(words: list[str]) -> None:
    """Fail if the command line does not take these words.

    Raises:
        click.UsageError: no such command or option, too few words or too many.
    """
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(list(words))
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, click.Context(found, parent=context, info_name=name)
    _, left, _ = command.make_parser(context).parse_args(list(words))
    assert left == []


IN_WORKFLOWS = sorted({tuple(words) for job in JOBS.values() for words in commands_in(job)})
DOCS = [ROOT / "docs" / name for name in ("first-deployment.md", "operations.md", "workflows.md")]
IN_DOCS = sorted(
    {
        tuple(words)
        for path in DOCS
        for block in re.findall(r"(?ms)^ *```sh\n(.*?)^ *```$", path.read_text())
        for words in commands_of(block)
    }
)


@pytest.mark.parametrize(
    "words", [*IN_WORKFLOWS, *(words for words in IN_DOCS if words not in IN_WORKFLOWS)], ids=" ".join
)
def test_commands_in_workflows_and_docs_are_accepted_by_the_command_line(words: tuple[str, ...]) -> None:
    understood(list(words))


@pytest.mark.parametrize(
    "words", [["nothing"], ["cost", "--never", "dev"], ["cost", "dev", "prod"]], ids=" ".join
)
def test_unknown_commands_are_rejected_by_the_check(words: list[str]) -> None:
    with pytest.raises((click.UsageError, AssertionError)):
        understood(words)


@workflows
def test_no_privileged_workflow_runs_code_of_a_pull_request(workflow: Any) -> None:
    assert workflow["on"].keys().isdisjoint({"pull_request_target", "workflow_run", "issue_comment"})


def test_no_step_interpolates_user_input_into_a_shell() -> None:
    assert [step["run"] for step in STEPS if "${{" in step.get("run", "")] == []


def test_ci_covers_the_oldest_and_a_recent_python() -> None:
    ci = WORKFLOWS["ci.yml"]["jobs"]

    assert ci["unit"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert [step["run"] for step in ci["everything"]["steps"] if "run" in step] == [".ci/run"]


def test_the_required_job_waits_for_all_others_and_runs_even_when_they_fail() -> None:
    ci = WORKFLOWS["ci.yml"]["jobs"]

    assert sorted(ci["required"]["needs"]) == sorted(ci.keys() - {"required"})
    assert ci["required"]["if"] == "always()"
    success = " ".join(["success"] * len(ci["required"]["needs"]))
    assert f'"$RESULTS" = "{success}"' in ci["required"]["steps"][0]["run"]
