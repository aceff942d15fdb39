"""Access to the page and its buttons."""

from __future__ import annotations

import pytest

from local.page import guard
from tests.unit.local.page.fakes import PORT, request


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "LOCALHOST:8080"])
def test_this_machines_own_names_are_accepted(host: str) -> None:
    assert guard.is_own(request(host=host)[0], PORT)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:80", "evil.example.com:8080", "evil.localhost:8080", "localhost.localhost:8080", "localhost.evil.com:8080", "[::1]:8080", ""],
)  # fmt: skip
def test_other_names_that_resolve_to_this_machine_are_rejected(host: str) -> None:
    """DNS rebinding: a website whose name then resolves to 127.0.0.1 would have the page's own origin."""
    assert not guard.is_own(request(host=host)[0], PORT)


def test_browsers_omit_port_80() -> None:
    assert guard.is_own(request(host="localhost")[0], 80)


@pytest.mark.parametrize(
    "origin",
    ["http://dev.example.com.localhost:8080", "https://localhost:8080", "http://localhost:3000", "http://127.0.0.1:8080", "null", "", None],
)  # fmt: skip
def test_only_the_page_itself_can_use_its_buttons(origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin}

    assert not guard.comes_from_the_page(request(**headers)[0], PORT)
    assert guard.comes_from_the_page(request(Origin="http://localhost:8080")[0], PORT)


@pytest.mark.parametrize(
    ("site", "mode", "foreign"),
    [("cross-site", "cors", True), ("same-site", "no-cors", True), ("cross-site", "navigate", False), ("same-origin", "cors", False)],
)  # fmt: skip
def test_other_sites_may_link_to_the_page_but_not_request_it_by_script(
    site: str, mode: str, *, foreign: bool
) -> None:
    assert guard.is_foreign(request(Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)[0]) is foreign
