"""Which engine runs the program is the environment's to say, in words that are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import engines
from local.engine.errors import EngineError


@pytest.fixture
def with_cli(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has the CLI."""
    program = tmp_path / "pulumi"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return {"PATH": str(tmp_path)}


@pytest.fixture
def without_cli(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "empty").mkdir()
    return {"PATH": str(tmp_path / "empty")}


def test_the_cli_is_used_where_it_is_on_the_path(with_cli: dict[str, str]) -> None:
    assert engines.program(with_cli) == f"{with_cli['PATH']}/pulumi"
    assert engines.program({**with_cli, "LOCAL_ENGINE": "cli"}) == f"{with_cli['PATH']}/pulumi"


def test_without_a_cli_the_program_runs_in_this_process(without_cli: dict[str, str]) -> None:
    assert engines.program(without_cli) is None


def test_a_cli_is_left_alone_where_the_engine_in_this_process_is_asked_for(with_cli: dict[str, str]) -> None:
    assert engines.program({**with_cli, "LOCAL_ENGINE": "in-process"}) is None


def test_an_empty_variable_asks_for_nothing(with_cli: dict[str, str]) -> None:
    """As make and CI hand on what is not set."""
    environment = {**with_cli, "LOCAL_ENGINE": "", "LOCAL_PROVIDER": ""}

    assert engines.program(environment) is not None
    assert not engines.uses_official_providers(environment)


def test_a_cli_that_is_asked_for_and_missing_is_refused_with_the_way_out(without_cli: dict[str, str]) -> None:
    with pytest.raises(EngineError, match=r"no `pulumi` on PATH: install .* or unset LOCAL_ENGINE"):
        engines.program({**without_cli, "LOCAL_ENGINE": "cli"})


@pytest.mark.parametrize("variable", ["LOCAL_ENGINE", "LOCAL_PROVIDER"])
def test_another_word_is_refused_with_the_words_that_there_are(
    variable: str, with_cli: dict[str, str]
) -> None:
    allowed = "in-process or cli" if variable == "LOCAL_ENGINE" else "handlers or official"

    with pytest.raises(EngineError, match=f"{variable}='other': give {allowed}, or leave it unset"):
        engines.program({**with_cli, variable: "other"})


def test_official_providers_are_used_only_where_that_is_asked_for(with_cli: dict[str, str]) -> None:
    assert engines.uses_official_providers({**with_cli, "LOCAL_PROVIDER": "official"})
    assert not engines.uses_official_providers({**with_cli, "LOCAL_PROVIDER": "handlers"})
    assert not engines.uses_official_providers(with_cli)


def test_official_providers_without_the_cli_are_refused(
    with_cli: dict[str, str], without_cli: dict[str, str]
) -> None:
    for environment in (without_cli, {**with_cli, "LOCAL_ENGINE": "in-process"}):
        with pytest.raises(EngineError, match="LOCAL_PROVIDER=official needs the Pulumi CLI"):
            engines.program({**environment, "LOCAL_PROVIDER": "official"})
