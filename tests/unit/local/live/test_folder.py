"""The folder that takes the place of an image's working directory."""

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
    ("place", "inside"),
    [("/srv/app/a.js", True), ("/srv/app", True), ("/srv/apps/a.js", False), ("/etc/a", False)],
)
def test_it_holds_what_is_below_the_working_directory(
    folder: LiveFolder, place: str, *, inside: bool
) -> None:
    assert folder.holds(place) is inside


def test_a_file_is_put_where_the_image_has_it_with_the_mode_of_a_build(
    folder: LiveFolder, tmp_path: Path
) -> None:
    folder.put({"/srv/app/src/deep/a.js": source(tmp_path), "/srv/app/run": source(tmp_path)})

    file = folder.path / "src" / "deep" / "a.js"
    assert (file.read_text(), S_IMODE(file.stat().st_mode)) == ("new", 0o644)
    assert S_IMODE(file.parent.stat().st_mode) == 0o755


def test_a_script_stays_executable(folder: LiveFolder, tmp_path: Path) -> None:
    folder.put({"/srv/app/run": source(tmp_path, mode=0o700)})

    assert S_IMODE((folder.path / "run").stat().st_mode) == 0o755


def test_a_file_that_is_gone_goes_from_it_too(folder: LiveFolder, tmp_path: Path) -> None:
    (folder.path / "old.js").write_text("old")

    folder.put({"/srv/app/old.js": tmp_path / "old.js", "/srv/app/never.js": tmp_path / "never.js"})

    assert list(folder.path.iterdir()) == []


def test_a_link_stays_a_link(folder: LiveFolder, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("a.js")

    folder.put({"/srv/app/link": link})

    assert (folder.path / "link").readlink() == Path("a.js")


def test_what_is_behind_a_link_out_of_the_image_s_folder_is_not_in_it(
    folder: LiveFolder, tmp_path: Path
) -> None:
    """In the image the link leads elsewhere in the image; here it would lead to files of this machine."""
    (folder.path / "cache").symlink_to(tmp_path)
    (folder.path / "src").mkdir()
    (folder.path / "inside").symlink_to("src")

    assert [folder.holds(f"/srv/app/{name}") for name in ("cache/a", "cache/b/c", "inside/a", "cache")] == [
        False, False, True, True
    ]  # fmt: skip


def test_a_file_that_goes_while_it_is_put_is_the_next_change(
    folder: LiveFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors replace a file by taking it away for a moment."""
    monkeypatch.setattr(Path, "is_file", lambda _: True)

    folder.put({"/srv/app/a.js": tmp_path / "gone.js", "/srv/app/b.js": source(tmp_path)})

    assert (folder.path / "b.js").read_text() == "new"


def test_the_emulator_is_told_of_both_folders(folder: LiveFolder) -> None:
    assert folder.live == Live(str(folder.path), "/srv/app")


def test_what_the_image_has_is_unpacked_without_the_folder_around_it(tmp_path: Path) -> None:
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
