"""The stacks of the real program."""

from tests.unit.infra.conftest import app, declare_stack

__all__ = ["app", "declare_stack"]
