"""Fixtures that run the program."""

from tests.unit.infra.conftest import app, declare_stack

__all__ = ["app", "declare_stack"]
