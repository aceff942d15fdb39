"""The emulator's settings and record; how it runs is in tests/integration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local import emulator as module
from local.emulator import Emulator
from local.processes import user_environment


def environment() -> dict[str, str]:
    settings = module._environment(port=4567, region="eu-west-1", identity="it", temporary=Path("/s/tmp"))
    return {**user_environment(), **settings}


def test_it_opens_no_port_of_its_own() -> None:
    settings = environment()

    assert settings["GATEWAY_PORT"] == "4567"
    assert settings["IOT_MTLS_ENABLED"] == settings["SFTP_ENABLED"] == "0"


def test_it_answers_for_the_stacks_region() -> None:
    assert environment()["MINISTACK_REGION"] == "eu-west-1"


def test_it_keeps_nothing_on_disk_outside_its_folder() -> None:
    settings = environment()

    assert settings["PERSIST_STATE"] == settings["S3_PERSIST"] == "0"
    assert settings["TMPDIR"] == "/s/tmp"
    assert settings["S3_DATA_DIR"].startswith(settings["TMPDIR"])


def test_settings_that_the_user_has_for_another_emulator_do_not_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    foreign = {"SERVICES": "s3", "AUTH": "true", "LOCALSTACK_PERSISTENCE": "1", "AWS_ACCESS_KEY_ID": "real"}
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)

    assert environment().keys().isdisjoint(foreign)


RECORD = {"pid": 1, "started": "long ago", "port": 4599, "region": "us-east-1", "identity": "node-on-ecs-1"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        json.dumps({**RECORD, "port": "x"}),
        json.dumps({**RECORD, "identity": None} | {"pid": []}),
    ],
)
def test_a_record_that_cannot_be_used_is_no_emulator(tmp_path: Path, content: str) -> None:
    (tmp_path / "emulator.json").write_text(content)

    assert Emulator.recorded(tmp_path) is None
    assert Emulator.running(tmp_path) is None


@pytest.mark.parametrize("missing", RECORD)
def test_a_record_that_lacks_something_is_no_emulator(tmp_path: Path, missing: str) -> None:
    record = {name: value for name, value in RECORD.items() if name != missing}
    (tmp_path / "emulator.json").write_text(json.dumps(record))

    assert Emulator.recorded(tmp_path) is None


def test_a_process_that_is_gone_does_not_run_but_is_remembered(tmp_path: Path) -> None:
    """`make down` after a crash still has its containers to remove."""
    (tmp_path / "emulator.json").write_text(json.dumps(RECORD))

    assert Emulator.running(tmp_path) is None
    left = Emulator.recorded(tmp_path)
    assert left is not None
    assert (left.endpoint, left.identity) == ("http://127.0.0.1:4599", "node-on-ecs-1")
