"""The list of types, functions and components."""

from __future__ import annotations

import subprocess
import sys

import pulumi_aws
import pytest

from local.resources.registry import CONSTRUCTORS, HANDLERS, INVOKES


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_a_handler_stands_under_its_own_token(token: str) -> None:
    assert HANDLERS[token].token == token


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_a_property_is_changed_in_one_way_only(token: str) -> None:
    handler = HANDLERS[token]
    ways = [handler.force_new, handler.in_place, handler.settled_at_creation]

    assert sum(map(len, ways)) == len(set().union(*ways))


@pytest.mark.parametrize("token", [token for token in sorted(HANDLERS) if HANDLERS[token].tagged])
def test_what_has_tags_can_change_them(token: str) -> None:
    assert "tags" in HANDLERS[token].in_place


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("token", [token for token in sorted(HANDLERS) if token.startswith("aws:")])
def test_a_type_and_its_properties_are_pulumis_own(token: str) -> None:
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

    assert {*handler.force_new, *handler.in_place, *handler.settled_at_creation} <= properties


@pytest.mark.parametrize("registry", [INVOKES, CONSTRUCTORS], ids=["functions", "components"])
def test_everything_that_is_listed_is_there(registry: dict[str, object]) -> None:
    assert all(callable(registry[token]) for token in registry)


def test_no_handler_loads_a_library_of_aws_or_docker() -> None:
    """They are loaded by the first call, and a run that changes nothing calls nothing."""
    code = (
        "import sys; from local.resources.registry import HANDLERS; [*HANDLERS.values()]; "
        "print(*{'boto3', 'botocore', 'docker', 'requests'} & sys.modules.keys())"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == ""
