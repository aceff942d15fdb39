"""`init`: the questions, the files that it writes, and those that it keeps."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from automation.errors import AutomationError
from automation.init import answers, files
from automation.init.answers import Account
from automation.init.command import init
from automation.stack_files import read_config
from automation.stacks.stacks import settings_of
from tests.unit.automation.init.apps import SERVER, write, write_app

ROOT = Path(__file__).parents[4]
OWN = "config:\n  node-on-ecs:domain: dev.shop.com\n  node-on-ecs:desired-count: 7\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project without stack files, beside an Express app without a Dockerfile."""
    folder = tmp_path / "project"
    write(folder, "Pulumi.yaml", (ROOT / "Pulumi.yaml").read_text())
    app = tmp_path / "shop"
    write_app(app, {"scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}})
    write(app, "server.js", f"app.get('/healthz');{SERVER}")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    return folder


def call(project: Path, *arguments: str, typed: Sequence[str] | None = None) -> Result:
    text = None if typed is None else "".join(f"{line}\n" for line in typed)
    return CliRunner().invoke(init, [*arguments], obj=SimpleNamespace(root=project), input=text)


def succeed(project: Path, *arguments: str) -> dict[str, Any]:
    done = call(project, "--yes", "--app-path", "../shop", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def config(project: Path, stack: str = "dev") -> dict[str, Any]:
    """A stack file's own values."""
    return {name: value for name, value in read_config(project, stack).values.items() if value}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "require_terminal", lambda: None)


def test_defaults_write_three_stacks_and_a_dockerfile(project: Path) -> None:
    document = succeed(project)

    assert document["written"] == [
        "../shop/Dockerfile",
        "../shop/.dockerignore",
        "Pulumi.dev.yaml",
        "Pulumi.staging.yaml",
        "Pulumi.prod.yaml",
    ]
    assert document["app"] == {
        "path": "../shop",
        "dockerfile": None,
        "port": 8080,
        "health_check_path": "/healthz",
    }
    assert document["next"][0] == "make up"


def test_stack_files_have_the_detected_values(project: Path) -> None:
    succeed(project, "--domain", "shop.com", "--region", "eu-central-1", "--stacks", "dev,prod")

    dev, prod = settings_of("dev", project), settings_of("prod", project)

    assert (dev.main.container_port, dev.main.health_check_path) == (8080, "/healthz")
    assert (dev.main.health_check_command, dev.image.app_path) == ((), "../shop")
    assert (dev.load_balancer.domain, prod.load_balancer.domain) == ("dev.shop.com", "www.shop.com")
    assert {dev.provider.region, prod.provider.region} == {"eu-central-1"}
    assert (dev.protect, prod.protect) == (False, True)


def test_every_decision_has_a_comment(project: Path) -> None:
    succeed(project, "--stacks", "dev")

    lines = (project / "Pulumi.dev.yaml").read_text().splitlines()

    assert lines[0].startswith("# yaml-language-server: $schema=")
    assert "  # The path that answers 200 when the app is ready." in lines


def test_the_start_page_is_the_health_check_of_an_app_without_one(project: Path) -> None:
    write(project.parent / "shop", "server.js", SERVER)

    succeed(project, "--stacks", "dev")

    main = settings_of("dev", project).main
    assert (main.health_check_path, main.health_check_codes) == ("/", "200-399")


def test_a_second_run_writes_nothing(project: Path) -> None:
    succeed(project)

    assert succeed(project)["written"] == []


def test_the_five_questions_are_prompted(project: Path, terminal: None) -> None:
    typed = ["../shop", "shop.com", "eu-west-1", "dev", "none", "y", "y"]

    done = call(project, typed=typed)

    assert done.exit_code == 0, done.output
    assert settings_of("dev", project).load_balancer.domain == "dev.shop.com"
    assert (project.parent / "shop" / "Dockerfile").exists()


def test_invalid_answers_are_prompted_again(project: Path, terminal: None) -> None:
    typed = ["../nowhere", "../shop", "shop", "shop.com", "mars", "", "a/b", "dev", "gone", "", "y", "y"]

    done = call(project, typed=typed)

    assert done.exit_code == 0, done.output
    assert "there is no folder" in done.stderr
    assert "'shop' is not a host name" in done.stderr
    assert "'mars' is not an AWS region" in done.stderr
    assert "'a/b' cannot name a stack" in done.stderr
    assert "there is no profile 'gone'" in done.stderr


def test_a_dockerfile_is_written_only_if_the_user_confirms(project: Path, terminal: None) -> None:
    done = call(project, typed=["../shop", "", "", "dev", "", "n", "y"])

    assert "Dockerfile (new)" in done.stderr
    assert "CMD [" in done.stderr
    assert not (project.parent / "shop" / "Dockerfile").exists()
    assert (project / "Pulumi.dev.yaml").exists()


def test_yes_is_required_without_a_terminal(project: Path) -> None:
    done = call(project, "--app-path", "../shop")

    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert list(project.glob("Pulumi.*.yaml")) == []


def test_a_folder_called_dockerfile_is_rejected_before_anything_is_written(project: Path) -> None:
    (project.parent / "shop" / "Dockerfile").mkdir()

    done = call(project, "--yes", "--app-path", "../shop")

    assert (done.exit_code, "is a folder" in done.stderr) == (2, True)
    assert list(project.glob("Pulumi.*.yaml")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--app-path", "nowhere"), "there is no folder"),
        (("--app-path", "."), "neither a Dockerfile nor a package.json"),
        (("--domain", "shop"), "'shop' is not a host name"),
        (("--region", "mars"), "'mars' is not an AWS region"),
        (("--stacks", "pr-1"), "is the stack of a pull request"),
        (("--stacks", ","), "at least one stack"),
        (("--account", "nobody"), "there is no profile 'nobody'"),
        (("--account", "123456789012"), "account 123456789012 has no profile"),
        (("--account", "arn:aws:iam::1:role/x"), "is not the ARN of an IAM role"),
        (("--account", "live=none"), "--account names live"),
    ],
)
def test_an_invalid_option_is_a_usage_error_and_nothing_is_written(
    project: Path, arguments: tuple[str, str], message: str
) -> None:
    done = call(project, "--yes", "--app-path", "../shop", *arguments)

    assert done.exit_code == 2
    assert message in done.stderr
    assert list(project.glob("Pulumi.*.yaml")) == []
    assert not (project.parent / "shop" / "Dockerfile").exists()


def test_the_users_own_stack_file_is_kept_and_the_difference_is_shown(project: Path) -> None:
    write(project, "Pulumi.dev.yaml", OWN)

    done = call(project, "--yes", "--app-path", "../shop", "--stacks", "dev")

    assert (project / "Pulumi.dev.yaml").read_text() == OWN
    assert "Pulumi.dev.yaml is kept; --force would change it:" in done.stderr
    assert "-  node-on-ecs:desired-count: 7" in done.stderr


def test_force_replaces_the_users_own_stack_file(project: Path) -> None:
    write(project, "Pulumi.dev.yaml", OWN)

    succeed(project, "--stacks", "dev", "--force")

    assert settings_of("dev", project).main.desired_count == 1


def test_the_encryption_key_of_a_stack_is_kept(project: Path) -> None:
    write(project, "Pulumi.dev.yaml", f"{OWN}encryptionsalt: v1:abc=\n")

    succeed(project, "--stacks", "dev", "--force")

    assert (project / "Pulumi.dev.yaml").read_text().endswith("encryptionsalt: v1:abc=\n")


def test_an_example_is_replaced(project: Path) -> None:
    write(project, "Pulumi.dev.yaml", OWN.replace("shop.com", "example.com"))

    assert "Pulumi.dev.yaml" in succeed(project, "--stacks", "dev")["written"]


def test_an_example_with_uncommitted_changes_is_kept(project: Path) -> None:
    write(project, "Pulumi.dev.yaml", OWN.replace("shop.com", "example.com"))
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)

    assert succeed(project, "--stacks", "dev")["kept"] == ["Pulumi.dev.yaml"]


def test_accounts_are_profiles_numbers_or_roles_for_all_stacks_or_one(project: Path, tmp_path: Path) -> None:
    write(
        tmp_path, "config", "[profile ours]\nregion=eu-north-1\n[profile sso]\nsso_account_id=210987654321\n"
    )
    role = "arn:aws:iam::123456789012:role/deploy"

    succeed(project, "--stacks", "dev,staging,prod", "--account", f"ours,prod={role},staging=2109-8765-4321")

    providers = {name: settings_of(name, project).provider for name in ("dev", "staging", "prod")}
    assert (providers["dev"].profile, providers["staging"].profile) == ("ours", "sso")
    assert (providers["prod"].profile, providers["prod"].assume_role_arn) == (None, role)


def test_the_region_of_the_shell_is_the_default(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")

    succeed(project, "--stacks", "dev")

    assert config(project)["aws:region"] == "ap-south-1"


def test_no_account_means_the_credentials_of_the_shell() -> None:
    assert answers.accounts("none") == {"": Account()}


def test_the_default_folder_is_the_app_around_the_project(project: Path) -> None:
    write_app(project.parent, {})

    assert answers.default_folder(project) == ".."


def test_the_default_stacks_are_in_the_order_of_promotion(tmp_path: Path) -> None:
    for name in ("prod", "dev", "pr-7", "smoke", "qa"):
        write(tmp_path, f"Pulumi.{name}.yaml", "")

    assert answers.default_stacks(tmp_path) == "dev,qa,prod"
    assert answers.default_stacks(tmp_path / "empty") == "dev,staging,prod"


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    write(tmp_path, "first", "before")
    (tmp_path / "second").mkdir()

    with pytest.raises(AutomationError, match=r"second cannot be written: .+; no file was changed"):
        files.write_all({tmp_path / "first": "after", tmp_path / "new": "x", tmp_path / "second": "y"})

    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}
    assert (tmp_path / "first").read_text() == "before"


def test_a_link_is_kept_and_its_target_written(tmp_path: Path) -> None:
    write(tmp_path, "kept/file", "before")
    (tmp_path / "link").symlink_to("kept/file")

    files.write_all({tmp_path / "link": "after"})

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept/file").read_text() == "after"


def test_the_shipped_app_gets_the_values_of_the_shipped_stacks(project: Path) -> None:
    """Its own health check in the container, and in production a page without internal names."""
    done = call(project, "--yes", "--app-path", str(ROOT / "app"), "--stacks", "prod", "--json")

    main = settings_of("prod", project).main
    assert json.loads(done.stdout)["written"] == ["Pulumi.prod.yaml"]
    assert main.health_check_command == ("CMD", "node", "health-check.js")
    assert main.environment == {"PAGE_DETAILS": "public"}
    assert (main.container_port, main.health_check_path) == (3000, "/readyz")
