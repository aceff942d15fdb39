"""Atomic writes, and the message for a full disk."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.disk import MEGABYTE, DiskFullError, replace_text, writing


def full(path: Path, number: int = errno.ENOSPC) -> str:
    with pytest.raises(DiskFullError) as error, writing(path, needs_bytes=656 * MEGABYTE):
        raise OSError(number, os.strerror(number))
    return str(error.value)


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    replace_text(path, "n\xe9w")

    assert path.read_text("utf-8") == "n\xe9w"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_file_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")

    def write_bytes(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)

    with pytest.raises(DiskFullError, match=str(path)):
        replace_text(path, "new")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_error_has_the_file_its_size_and_the_free_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=30 * 1024))

    assert full(tmp_path / "base.tar") == (
        f"{tmp_path}/base.tar cannot be written (No space left on device): it needs 656 MB, and 30 KB are free. "
        "Free some space and try again"
    )


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EFBIG])
def test_the_error_for_a_quota_has_no_free_space(tmp_path: Path, number: int) -> None:
    text = full(tmp_path / "base.tar", number)

    assert f"({os.strerror(number)}): it needs 656 MB. Free some space" in text


def test_other_errors_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), writing(tmp_path / "a", needs_bytes=1):
        raise PermissionError
