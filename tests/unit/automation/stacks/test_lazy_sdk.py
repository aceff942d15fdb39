"""A package imports the modules of the names that are used."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from automation.stacks.language_host import _IMPORTED_BY_NAME as PACKAGES
from automation.stacks.lazy_sdk import import_by_name

SDK = {
    "__init__": "",
    "ec2/__init__": "from .vpc import *\nfrom .get_vpc import *\nfrom ._inputs import *\nfrom .odd import *\n",
    "ec2/vpc": "from ._inputs import *\n__all__ = ['Vpc', 'VpcArgs']\nclass Vpc: pass\nclass VpcArgs: pass\n",
    "ec2/get_vpc": "__all__ = ['get_vpc', 'GetVpcResult']\ndef get_vpc(): pass\nclass GetVpcResult: pass\n",
    "ec2/_inputs": "from . import outputs\n__all__ = ['VpcTagArgs']\nclass VpcTagArgs: pass\n",
    "ec2/outputs": "",
    "ec2/odd": "__all__ = ['IPv6']\nclass IPv6: pass\n",
}


@pytest.fixture
def package(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An SDK of its own for each test: Python keeps imported modules."""
    sdk = f"sdk_{abs(hash(request.node.name))}"
    for name, text in SDK.items():
        path = tmp_path / sdk / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return f"{sdk}.ec2"


def imported(package: str) -> set[str]:
    return {name.removeprefix(f"{package}.") for name in sys.modules if name.startswith(f"{package}.")}


def test_a_name_imports_its_module_and_what_that_imports(package: str) -> None:
    import_by_name(package)
    ec2 = import_module(package)
    assert imported(package) == set()

    assert ec2.VpcArgs.__module__ == f"{package}.vpc"
    assert imported(package) == {"vpc", "_inputs", "outputs"}


def test_a_function_has_its_modules_name(package: str) -> None:
    import_by_name(package)
    ec2 = import_module(package)

    assert ec2.GetVpcResult.__module__ == f"{package}.get_vpc"
    assert callable(ec2.get_vpc)
    assert imported(package) == {"get_vpc"}


def test_a_name_that_its_file_does_not_have_is_found_and_a_wrong_one_is_an_error(package: str) -> None:
    import_by_name(package)
    ec2 = import_module(package)

    assert ec2.IPv6.__module__ == f"{package}.odd"
    with pytest.raises(AttributeError, match=r"module 'sdk_\d+\.ec2' has no attribute 'Vpcc'"):
        _ = ec2.Vpcc


def test_a_loaded_package_stays(package: str) -> None:
    ec2 = import_module(package)
    import_by_name(package)

    assert import_module(package) is ec2


NAMES = """
import json, sys
from importlib import import_module
from automation.stacks.lazy_sdk import import_by_name

known = json.load(sys.stdin)
found, all_imported = {}, []
for package in sys.argv[1:]:
    if known:
        import_by_name(package)
    module = import_module(package)
    if not known:
        # Reading an attribute loads the module.
        getattr(module, "__all__", None)
    names = known.get(package) or [name for name in vars(module) if name[0] != "_"]
    own = found[package] = {}
    for name in names:
        value = getattr(module, name)
        own[name] = [getattr(value, "__module__", None), getattr(value, "__name__", None)]
        if known and "typing" in vars(module):
            all_imported.append(f"{package}.{name}")
            break
    own.pop("typing", None)
json.dump([found, all_imported], sys.stdout)
"""


def test_every_name_of_the_sdk_is_in_the_file_that_its_name_says() -> None:
    """Of a package with a name that is not, all modules would be imported."""

    def names(known: object) -> Any:
        command = [sys.executable, "-c", NAMES, *PACKAGES]
        done = subprocess.run(command, input=json.dumps(known), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    every, _ = names({})
    in_any_order = {package: dict(sorted(own.items())) for package, own in every.items()}

    assert min(len(own) for own in every.values()) > 10
    assert names(in_any_order) == [every, []]
