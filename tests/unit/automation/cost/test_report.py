"""Estimates as lines, JSON and bar charts."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from os import terminal_size
from xml.etree import ElementTree as ET

import click
import pytest

from automation.cost.assumptions import Assumptions
from automation.cost.chart import svg
from automation.cost.estimate import Estimate, estimate
from automation.cost.prices import MissingPriceError, Price
from automation.cost.report import as_json, change_as_json, change_lines, lines, signed
from tests.unit.automation.cost.bills import (
    ADDRESS,
    BUCKET,
    KEY,
    OneDollarPrices,
    action,
    bill,
    resource,
    service,
    stack,
    target,
    task,
)

SVG = "{http://www.w3.org/2000/svg}"


def shown(found: Estimate) -> list[str]:
    return [click.unstyle(line) for line in lines(found)]


@pytest.fixture
def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: terminal_size((60, 24)))


def test_lines_have_each_price_and_the_basis_of_the_estimate() -> None:
    assert shown(bill(resource(ADDRESS, "gateway"), resource(KEY, "state"), hours=1500)) == [
        "test in nowhere: $1,501.00 a month",
        "                      resource  quantity    price    a month",
        "Public IPv4                                        $1,500.00",
        "  an elastic address  gateway   1,500 unit  $1     $1,500.00",
        "Keys                                                   $1.00",
        "  key                 state     1 unit      $1         $1.00",
        "",
        "Assumed (change with --assume name=number):",
        "  hours=1500  hours in a month",
        "Prices read 2026-01-02; without free tiers, discounts and taxes.",
    ]


@pytest.mark.usefixtures("narrow_terminal")
def test_a_narrow_terminal_shows_the_details_of_each_row_on_a_line_of_their_own() -> None:
    found = shown(bill(resource(ADDRESS, "gateway-in-the-first-availability-zone"), hours=1500))

    assert found[1:6] == [
        "                                                     a month",
        "    resource, quantity, price",
        "Public IPv4                                        $1,500.00",
        "  an elastic address                               $1,500.00",
        "    gateway-in-the-first-availability-zone, 1,500 unit, $1",
    ]


@pytest.mark.usefixtures("narrow_terminal")
def test_a_narrow_terminal_shows_the_amounts_below_a_long_label() -> None:
    found = shown(bill(task(runtimePlatform=None), service(), hours=100))

    at = found.index("  Compute Savings Plan, 3 years, no upfront, and Graviton")
    assert found[at + 1] == "                               $80.94  -$69.06  $0.8094/hour"


def test_titles_and_sums_are_bold_on_a_terminal() -> None:
    bold = [line for line in lines(bill(resource(KEY))) if line != click.unstyle(line)]

    assert [click.unstyle(line).split()[0] for line in bold] == ["resource", "Keys"]


def test_services_with_the_same_schedule_share_a_note() -> None:
    """A stack that is cheap because it is stopped at night must not look like one that always runs."""
    declared = [task(), service("always")]
    for name in ("web", "web-alice"):
        declared += [
            service(name, name=name),
            target(1, 2, name),
            action("cron(0 6 * * ? *)", 2, 2, name),
            action("cron(0 18 * * ? *)", 0, 0, name),
        ]
    found = bill(*declared)
    basis = "1 on average, 0 to 2 by its schedule"

    assert [line for line in shown(found) if line.startswith("Tasks of")] == [
        f"Tasks of web, web-alice: {basis}"
    ]
    assert as_json(found)["tasks"] == {
        "always": {"average": 1, "basis": "desired count"},
        "web": {"average": 1, "basis": basis},
        "web-alice": {"average": 1, "basis": basis},
    }


def test_the_maximum_of_vcpus_is_a_note() -> None:
    """The first deployment would wait for a quota that is too low."""
    small = bill(resource(KEY))
    large = replace(small, stack=replace(small.stack, most_vcpus=24))

    assert any("may need up to 24 Fargate vCPUs" in line for line in shown(large))
    assert as_json(large)["max_fargate_vcpus"] == 24


def test_types_without_a_price_are_a_note() -> None:
    unpriced = bill(resource("aws:rds/instance:Instance"))

    assert "Not included, so the stack costs more: 1 aws:rds/instance:Instance" in shown(unpriced)


class NoPriceOfAddresses(OneDollarPrices):
    """Prices of a region that lacks one."""

    def price(self, key: str) -> Price:
        if key == "public-ipv4":
            raise MissingPriceError(key)
        return super().price(key)


def test_a_price_that_the_region_lacks_is_a_note_with_the_way_to_get_it() -> None:
    found = estimate(stack(resource(ADDRESS), resource(KEY)), NoPriceOfAddresses(), Assumptions())

    assert found.usd == 1
    assert "Not included, so the stack costs more: no price is known in nowhere of public-ipv4" in shown(
        found
    )
    assert "`cost --live` gets prices from AWS, with credentials: public-ipv4" in shown(found)
    assert as_json(found)["missing_prices"] == ["public-ipv4"]


def test_lines_have_the_possible_savings() -> None:
    """100 hours of half a vCPU and 1 GB, each for a dollar."""
    found = shown(bill(task(), service(), hours=100))
    first = found.index("Tasks that always run, on demand (1 of web): $150.00 a month of Fargate; less with")

    assert found[first + 1 : first + 6] == [
        "                                             a month   change    commits to",
        "  Compute Savings Plan, 1 year, no upfront   $118.03  -$31.97  $1.1803/hour",
        "  Compute Savings Plan, 3 years, no upfront   $80.94  -$69.06  $0.8094/hour",
        "",
        "Plans: rates of us-east-1, read 2026-09-28; the same discount is assumed elsewhere.",
    ]


def test_lines_have_no_savings_without_tasks_that_always_run() -> None:
    assert not any("Savings Plan" in line for line in shown(bill(resource(KEY))))


def test_a_change_has_the_largest_difference_first() -> None:
    before = bill(resource(KEY), resource(BUCKET), bucket_gb=5)
    after = bill(resource(KEY), resource(ADDRESS), hours=2)
    found = [click.unstyle(line) for line in change_lines([("now", before), ("then", after)])]

    assert found[:7] == [
        "",
        "from now to then: -$3.00 a month",
        "               now   then  change",
        "Buckets      $5.00  $0.00  -$5.00",
        "Public IPv4  $0.00  $2.00  +$2.00",
        "Keys         $1.00  $1.00   $0.00",
        "total        $6.00  $3.00  -$3.00",
    ]


@pytest.mark.parametrize(
    ("amount", "text"), [(1.5, "+$1.50"), (-1234.5, "-$1,234.50"), (-0.001, "$0.00"), (0, "$0.00")]
)
def test_a_change_has_a_sign_unless_it_is_zero(amount: float, text: str) -> None:
    assert signed(amount) == text


def test_json_has_each_line_with_its_source() -> None:
    document = as_json(bill(resource(KEY, "state")))

    assert document["usd_per_month"] == 1
    assert document["groups"] == {"Keys": 1}
    assert document["lines"] == [
        {
            "resource": "state",
            "type": KEY,
            "group": "Keys",
            "description": "key",
            "quantity": 1,
            "unit": "unit",
            "usd_per_unit": 1,
            "usd_per_month": 1,
            "source": "https://example.com",
            "retrieved": "2026-01-02",
        }
    ]


def test_json_has_the_change_of_each_group() -> None:
    document = change_as_json([("now", bill(resource(KEY))), ("then", bill())])["change"]

    assert document["usd_per_month"] == -1
    assert document["groups"] == {"Keys": {"from": 1, "to": 0, "change": -1}}


def bars(text: str, kind: str = "bar0") -> list[float]:
    """Return the widths of the bars of one estimate."""
    rectangles = ET.fromstring(text).iter(f"{SVG}rect")  # noqa: S314 -- our own text
    return [
        float(item.get("width", ""))
        for item in rectangles
        if item.get("class") == kind and item.get("height") != "12"
    ]


def texts(text: str) -> list[str]:
    return [item.text or "" for item in ET.fromstring(text).iter(f"{SVG}text")]  # noqa: S314 -- our own text


def test_a_chart_has_a_bar_for_each_group_the_most_expensive_first() -> None:
    text = svg([("dev", bill(resource(ADDRESS), resource(KEY), hours=4))])

    longest, other = bars(text)
    assert other == longest / 4
    assert [label for label in texts(text) if label in ("Public IPv4", "Keys")] == ["Public IPv4", "Keys"]


def test_a_chart_of_two_stacks_has_one_scale() -> None:
    text = svg([("dev", bill(resource(KEY))), ("prod", bill(resource(KEY), resource(KEY, "other")))])

    assert bars(text)[0] * 2 == bars(text, "bar1")[0]
    assert [label for label in texts(text) if "a month" in label] == [
        "dev: $1.00 a month",
        "prod: $2.00 a month",
    ]


def test_a_chart_escapes_names() -> None:
    assert texts(svg([("<dev> & co", bill(resource(KEY)))]))[0] == "<dev> & co: $1.00 a month"


def test_a_chart_of_a_free_stack_has_no_bars() -> None:
    assert bars(svg([("empty", bill())])) == []


def test_a_chart_has_room_for_large_amounts() -> None:
    root = ET.fromstring(svg([("dev", bill(resource(ADDRESS), hours=123_456))]))  # noqa: S314 -- our own text
    ends = [float(item.get("x", "")) + float(item.get("width", "")) for item in root.iter(f"{SVG}rect")]

    assert max(ends) + 6 + 8 * len("$123,456.00") <= float(root.get("width", ""))
