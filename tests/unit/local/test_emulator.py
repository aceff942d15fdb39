"""The emulator's settings and record; how it runs is in tests/integration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import emulator as module
from local.emulator import Emulator


def environment() -> dict[str, str]:
    return dict(
        module._environment(
            port=4567, region="eu-west-1", identity="it", temporary=Path("/state/emulator.tmp")
        ),
    )


def test_it_is_told_to_listen_on_loopback_and_nowhere_else() -> None:
    settings = environment()

    assert settings["BIND_HOST"] == "127.0.0.1"
    assert settings["GATEWAY_PORT"] == "4567"
    assert settings["IOT_MTLS_ENABLED"] == "0"
    assert settings["SFTP_ENABLED"] == "0"


def test_it_answers_for_the_stacks_region() -> None:
    assert environment()["MINISTACK_REGION"] == "eu-west-1"


def test_it_keeps_nothing_on_disk_outside_its_folder() -> None:
    settings = environment()

    assert settings["PERSIST_STATE"] == settings["S3_PERSIST"] == "0"
    assert settings["TMPDIR"] == "/state/emulator.tmp"
    assert settings["S3_DATA_DIR"].startswith(settings["TMPDIR"])


def test_settings_that_the_user_has_for_another_emulator_do_not_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERVICES", "s3")
    monkeypatch.setenv("AUTH", "true")
    monkeypatch.setenv("LOCALSTACK_PERSISTENCE", "1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")

    assert (
        environment().keys().isdisjoint({"SERVICES", "AUTH", "LOCALSTACK_PERSISTENCE", "AWS_ACCESS_KEY_ID"})
    )


@pytest.mark.parametrize(
    "facts", [{}, {"port": "x", "region": "r", "identity": "i"}, {"port": 1, "region": "r"}]
)
def test_a_record_without_all_facts_is_no_emulator(tmp_path: Path, facts: dict[str, object]) -> None:
    (tmp_path / "emulator.json").write_text(json.dumps({"pid": 1, "started": "x", "facts": facts}))

    assert Emulator.recorded(tmp_path) is None
    assert Emulator.running(tmp_path) is None


def test_a_process_that_is_gone_does_not_run_but_is_remembered(tmp_path: Path) -> None:
    """`make down` after a crash still has its containers to remove."""
    facts = {"port": 4599, "region": "us-east-1", "identity": "node-on-ecs-1"}
    (tmp_path / "emulator.json").write_text(json.dumps({"pid": 1, "started": "long ago", "facts": facts}))

    assert Emulator.running(tmp_path) is None
    left = Emulator.recorded(tmp_path)
    assert left is not None
    assert (left.endpoint, left.identity) == ("http://127.0.0.1:4599", "node-on-ecs-1")
