"""Lets Pulumi's AWS SDK load the resources that the program uses, instead of all those of each service.

`pulumi_aws.ec2` alone is 180 modules, of which a program uses ten; loading the others takes longer than all
that is done with the ten. As the packages are generated, a name tells the module that holds it.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_PARTS: Final = re.compile(r"pulumi_aws\.[a-z0-9]+(\.outputs)?")
_STAR: Final = re.compile(r"(?m)^from \.(\w+) import \*$")
_BESIDES: Final = re.compile(r"(Init)?Args(Dict)?$|_output$|^Awaitable(?=Get)|(?<=[a-z])Result$")
"""What the further names of a module have and its own has not: `ListenerArgs`, `get_zone_output`."""
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TYPES: Final = ("_inputs", "_enums")


def load_what_is_used() -> None:
    """From now on load a module of `pulumi_aws` when something that it holds is first asked for."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _PARTS.fullmatch(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            if spec.submodule_search_locations is not None:
                spec.loader = _PackageLoader(spec.loader.name, spec.loader.path)
            elif fullname.endswith(".outputs"):
                spec.loader = _OutputsLoader(spec.loader.name, spec.loader.path)
        return spec


class _PackageLoader(SourceFileLoader):
    """Loads a package without the modules whose names it shows; each comes when a name of it is asked for."""

    def exec_module(self, module: ModuleType) -> None:
        text = Path(self.path).read_text("utf-8")
        parts: list[str] = _STAR.findall(text)
        exec(compile(_STAR.sub("", text), self.path, "exec"), vars(module))  # noqa: S102 -- as an import does

        def find(name: str) -> Any:
            own = _module_of(name)
            # What is in no module of its own is looked for in all of them, as the package itself would do.
            for part in sorted(parts, key=lambda part: (part != own, part not in _TYPES)):
                if name.startswith("__"):
                    break
                holder = import_module(f"{module.__name__}.{part}")
                if name in holder.__all__:
                    setattr(module, name, getattr(holder, name))
                    return getattr(module, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        vars(module)["__getattr__"] = find


class _OutputsLoader(SourceFileLoader):
    """Loads the types of outputs when the first is asked for: most resources have none."""

    def exec_module(self, module: ModuleType) -> None:
        loading = threading.RLock()
        load = super().exec_module

        def find(name: str) -> Any:
            if not name.startswith("__"):
                with loading:
                    if vars(module).pop("__getattr__", None) is not None:
                        load(module)
                if name in vars(module):
                    return vars(module)[name]
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        vars(module)["__getattr__"] = find


def _module_of(name: str) -> str:
    """Return the module that is named after what `name` is about."""
    return _WORD.sub("_", _BESIDES.sub("", name)).lower()
