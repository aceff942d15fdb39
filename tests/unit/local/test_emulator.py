"""The emulator's environment and record; tests/integration runs it."""

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


def test_the_emulator_opens_no_further_ports() -> None:
    settings = environment()

    assert (settings["GATEWAY_PORT"], settings["MINISTACK_REGION"]) == ("4567", "eu-west-1")
    assert settings["IOT_MTLS_ENABLED"] == settings["SFTP_ENABLED"] == "0"


def test_the_emulator_writes_only_below_its_folder() -> None:
    settings = environment()

    assert settings["PERSIST_STATE"] == settings["S3_PERSIST"] == "0"
    assert settings["TMPDIR"] == "/s/tmp"
    assert settings["S3_DATA_DIR"].startswith(settings["TMPDIR"])


def test_the_users_settings_for_other_emulators_are_not_passed_on(
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
        *(
            json.dumps({name: value for name, value in RECORD.items() if name != missing})
            for missing in RECORD
        ),
        json.dumps({**RECORD, "identity": None} | {"pid": []}),
    ],
)
def test_an_invalid_record_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "emulator.json").write_text(content)

    assert Emulator.recorded(tmp_path) is None
    assert Emulator.running(tmp_path) is None
