"""A stack file with values that a passphrase has encrypted: the local run opens them, and shows them nowhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.project import Project, Run

pytestmark = pytest.mark.docker

PASSPHRASE, HIDDEN = "a passphrase", "open sesame"
PROGRAM = """
import pulumi

pulumi.export("password", pulumi.Config().require_secret("password"))
pulumi.export("plain", "text")
pulumi.export("cluster_name", "none")
pulumi.export("service_names", {})
"""


@pytest.fixture
def encrypted(project: Project, pulumi_cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with a program that exports what its stack file has encrypted."""
    home = tmp_path_factory.mktemp("user")
    variables = {
        "PULUMI_BACKEND_URL": f"file://{home}",
        "PULUMI_HOME": str(home),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    (project.folder / "__main__.py").write_text(PROGRAM)
    (project.folder / "Pulumi.dev.yaml").unlink()
    for command in (["stack", "init", "dev"], ["config", "set", "--secret", "password", HIDDEN]):
        subprocess.run(
            [pulumi_cli, *command, "--non-interactive"],
            cwd=project.folder,
            env=variables,
            check=True,
            timeout=60,
        )
    assert "secure:" in (project.folder / "Pulumi.dev.yaml").read_text()
    return project


def test_encrypted_values_are_decrypted_with_the_users_passphrase_and_stay_secret(encrypted: Project) -> None:
    refused: list[Run] = []
    for passphrase in ("another", ""):
        encrypted.environment["PULUMI_CONFIG_PASSPHRASE"] = passphrase
        refused.append(encrypted.run("up", "dev"))
    encrypted.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE

    run = encrypted.run("up", "dev")
    shown = encrypted.run("outputs", "dev", "--json")

    for each in refused:
        assert each.code == 1
        assert "incorrect passphrase" in each.err
        assert "Traceback" not in each.err
    assert run.code == 0, run.text
    assert (shown.json["password"], shown.json["plain"]) == ("[secret]", "text")
    assert HIDDEN not in run.text
    assert HIDDEN not in encrypted.state_file().read_text()
