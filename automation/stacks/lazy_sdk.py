"""Imports those modules of a package of Pulumi's SDKs that a program uses, instead of all.

The package of a service imports a module for each of its resource types and functions. `pulumi_aws.ec2` has
180, of which a stack uses ten.
"""

from __future__ import annotations

import re
import sys
from functools import partial
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any, Final

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SUFFIX: Final = re.compile(r"_(init_args|args|result|output)$")
_SHARED: Final = ("_inputs", "_enums")
"""Modules with the types of all resources of a package."""


def import_by_name(package: str) -> None:
    """Have a package import the module of a name when the name is first read, unless it is loaded already."""
    if type(sys.modules.get(package)) is ModuleType:
        return
    parent = import_module(package.rpartition(".")[0])
    spec = PathFinder.find_spec(package, parent.__path__)
    if spec is None:
        raise ModuleNotFoundError(f"there is no package {package}", name=package)
    module: Any = module_from_spec(spec)
    module.__getattr__ = partial(_find, module)
    sys.modules[package] = module
    setattr(parent, package.rpartition(".")[2], module)


def _find(package: ModuleType, name: str) -> Any:
    """Return a class, function or module of a package, and set it as its attribute."""
    known = vars(package)
    file = _WORD.sub("_", name).lower().removeprefix("awaitable_")
    for candidate in (file, _SUFFIX.sub("", file), *_SHARED):
        try:
            module = import_module(f"{package.__name__}.{candidate}")
        except ModuleNotFoundError:
            continue
        own: dict[str, Any] = vars(module)
        if candidate in own:
            # The package has a function instead of the module of the same name.
            setattr(package, candidate, own[candidate])
        if name in own or candidate == name:
            setattr(package, name, own.get(name, module))
            return known[name]
    # A name that its file does not have, or none: import all, once.
    del known["__getattr__"]
    spec: Any = package.__spec__
    spec.loader.exec_module(package)
    try:
        return known[name]
    except KeyError:
        raise AttributeError(f"module {package.__name__!r} has no attribute {name!r}") from None
