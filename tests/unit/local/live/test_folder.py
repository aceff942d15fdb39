"""The folder that is mounted over an image's working directory."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from stat import S_IMODE

import pytest

from local.live.folder import LiveFolder, _unpack
from local.live.notes import Live


@pytest.fixture
def folder(tmp_path: Path) -> LiveFolder:
    path = tmp_path / "live"
    path.mkdir()
    return LiveFolder(path=path, workdir="/srv/app")


def source(tmp_path: Path, text: str = "new", mode: int = 0o600) -> Path:
    path = tmp_path / "source.js"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("path", "inside"),
    [("/srv/app/a.js", True), ("/srv/app", True), ("/srv/apps/a.js", False), ("/etc/a", False)],
)
def test_it_contains_the_paths_below_the_working_directory(
    folder: LiveFolder, path: str, *, inside: bool
) -> None:
    assert folder.contains(path) is inside


def test_files_are_copied_to_their_path_with_the_modes_of_a_build(folder: LiveFolder, tmp_path: Path) -> None:
    folder.put({"/srv/app/src/deep/a.js": source(tmp_path)})
    folder.put({"/srv/app/run": source(tmp_path, mode=0o700)})

    file = folder.path / "src" / "deep" / "a.js"
    assert file.read_text() == "new"
    assert [S_IMODE(path.stat().st_mode) for path in (file, file.parent, folder.path / "run")] == [
        0o644, 0o755, 0o755
    ]  # fmt: skip


def test_deleted_files_are_deleted_from_it(folder: LiveFolder, tmp_path: Path) -> None:
    (folder.path / "old.js").write_text("old")

    folder.put({"/srv/app/old.js": tmp_path / "old.js", "/srv/app/never.js": tmp_path / "never.js"})

    assert list(folder.path.iterdir()) == []


def test_a_symbolic_link_is_copied_as_one(folder: LiveFolder, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("a.js")

    folder.put({"/srv/app/link": link})

    assert (folder.path / "link").readlink() == Path("a.js")


def test_paths_behind_links_that_leave_it_are_not_in_it(folder: LiveFolder, tmp_path: Path) -> None:
    """Such a link means another folder of the image, and here a folder of this machine."""
    (folder.path / "cache").symlink_to(tmp_path)
    (folder.path / "src").mkdir()
    (folder.path / "inside").symlink_to("src")

    assert [folder.contains(f"/srv/app/{name}") for name in ("cache/a", "cache/b/c", "inside/a", "cache")] == [
        False, False, True, True
    ]  # fmt: skip


def test_a_file_that_is_deleted_during_the_copy_is_skipped(
    folder: LiveFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors delete a file for a moment when they save it."""
    monkeypatch.setattr(Path, "is_file", lambda _: True)

    folder.put({"/srv/app/a.js": tmp_path / "deleted.js", "/srv/app/b.js": source(tmp_path)})

    assert (folder.path / "b.js").read_text() == "new"


def test_its_note_for_the_emulator_has_both_folders(folder: LiveFolder) -> None:
    assert folder.live == Live(str(folder.path), "/srv/app")


def test_the_images_files_are_unpacked_without_their_top_folder(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("app", "app/node_modules"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        file = tarfile.TarInfo("app/node_modules/a.js")
        file.size = 3
        archive.addfile(file, io.BytesIO(b"old"))
        for kind, name, target in (
            (tarfile.SYMTYPE, "app/node_modules/link", "a.js"),
            (tarfile.LNKTYPE, "app/node_modules/same", "app/node_modules/a.js"),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
    content = packed.getvalue()

    _unpack([content[at : at + 700] for at in range(0, len(content), 700)], tmp_path)

    packages = tmp_path / "node_modules"
    assert {path.name: path.read_text() for path in packages.iterdir()} == dict.fromkeys(
        ("a.js", "link", "same"), "old"
    )
