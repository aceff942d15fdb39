"""The registry of types, functions and components."""

from __future__ import annotations

import subprocess
import sys

import pulumi_aws
import pytest

from local.resources.registry import CONSTRUCTORS, HANDLERS, INVOKES


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_a_handler_is_registered_by_its_token(token: str) -> None:
    assert HANDLERS[token].token == token


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_a_property_has_one_kind_of_change(token: str) -> None:
    handler = HANDLERS[token]
    ways = [handler.force_new, handler.in_place, handler.creation_only]

    assert sum(map(len, ways)) == len(set().union(*ways))


@pytest.mark.parametrize("token", [token for token in sorted(HANDLERS) if HANDLERS[token].tagged])
def test_tags_are_changed_in_place(token: str) -> None:
    assert "tags" in HANDLERS[token].in_place


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("token", [token for token in sorted(HANDLERS) if token.startswith("aws:")])
def test_types_and_properties_exist_in_pulumi_aws(token: str) -> None:
    # By attribute: pulumi_aws loads its packages late, and a module imported past that leaves them empty.
    package = getattr(pulumi_aws, token.removeprefix("aws:").partition("/")[0])
    resource = getattr(package, token.rpartition(":")[2])
    properties = {
        getattr(member.fget, "_pulumi_name", key)
        for key, member in vars(getattr(package, f"{resource.__name__}Args")).items()
        if isinstance(member, property)
    }
    assert resource.pulumi_type == token
    handler = HANDLERS[token]

    assert {*handler.force_new, *handler.in_place, *handler.creation_only} <= properties


@pytest.mark.parametrize("registry", [INVOKES, CONSTRUCTORS], ids=["functions", "components"])
def test_registered_functions_are_callable(registry: dict[str, object]) -> None:
    assert all(callable(registry[token]) for token in registry)


def test_handlers_import_no_aws_or_docker_library() -> None:
    """The first call loads them, and a run without changes calls nothing."""
    code = (
        "import sys; from local.resources.registry import HANDLERS; [*HANDLERS.values()]; "
        "print(*{'boto3', 'botocore', 'docker', 'requests'} & sys.modules.keys())"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == ""
