"""Who may see the page, and who may press its buttons."""

from __future__ import annotations

import pytest

from local.page import guard
from tests.unit.local.page.fakes import PORT, asked


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "LOCALHOST:8080"])
def test_this_machine_by_its_own_name_gets_the_page(host: str) -> None:
    assert guard.is_own(asked(host=host)[0], PORT)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:80", "evil.example.com:8080", "evil.localhost:8080", "localhost.localhost:8080", "localhost.evil.com:8080", "[::1]:8080", ""],
)  # fmt: skip
def test_another_name_that_dns_leads_here_does_not(host: str) -> None:
    """DNS rebinding: a page on the internet whose name becomes 127.0.0.1 would be of the page's own origin."""
    assert not guard.is_own(asked(host=host)[0], PORT)


def test_port_80_is_left_out_as_browsers_do() -> None:
    assert guard.is_own(asked(host="localhost")[0], 80)


@pytest.mark.parametrize(
    "origin",
    ["http://dev.example.com.localhost:8080", "https://localhost:8080", "http://localhost:3000", "http://127.0.0.1:8080", "null", ""],
)  # fmt: skip
def test_another_origin_presses_no_button(origin: str) -> None:
    assert not guard.comes_from_the_page(asked(Origin=origin)[0], PORT)


def test_a_client_that_does_not_say_its_origin_presses_no_button() -> None:
    assert not guard.comes_from_the_page(asked()[0], PORT)


def test_the_page_presses_its_own_buttons() -> None:
    assert guard.comes_from_the_page(asked(Origin="http://localhost:8080")[0], PORT)


@pytest.mark.parametrize(
    ("site", "mode", "foreign"),
    [("cross-site", "cors", True), ("same-site", "no-cors", True), ("cross-site", "navigate", False), ("same-origin", "cors", False)],
)  # fmt: skip
def test_a_link_leads_to_the_page_and_another_site_s_script_does_not(
    site: str, mode: str, *, foreign: bool
) -> None:
    assert guard.is_foreign(asked(Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)[0]) is foreign
