"""What workflows hand on to GitHub."""

from __future__ import annotations

from pathlib import Path

import pytest

from automation.changes.github import append, link, write
from automation.errors import AutomationError


def test_a_comment_is_written_anew_and_a_summary_goes_on(tmp_path: Path) -> None:
    for text in ("one\n", "two\n"):
        write(tmp_path / "comment.md", text)
        append(tmp_path / "summary.md", text)

    assert (tmp_path / "comment.md").read_text() == "two\n"
    assert (tmp_path / "summary.md").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("how", [write, append])
def test_a_file_that_cannot_be_written_is_one_sentence(how: type, tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"/none/comment.md cannot be written: No such file"):
        how(tmp_path / "none" / "comment.md", "text")


def test_the_run_of_a_workflow_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SERVER_URL", "https://github.com"), ("REPOSITORY", "a/b"), ("RUN_ID", "42")):
        monkeypatch.setenv(f"GITHUB_{name}", value)

    assert link() == "https://github.com/a/b/actions/runs/42"


def test_elsewhere_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_RUN_ID", raising=False)

    assert link() is None
