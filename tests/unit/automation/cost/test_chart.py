"""The bar chart."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from automation.cost.chart import svg
from tests.unit.automation.cost.bills import bill, resource

SPACE = {"svg": "http://www.w3.org/2000/svg"}
KEY, ADDRESS = "aws:kms/key:Key", "aws:ec2/eip:Eip"


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 -- our own text


def widths(text: str, bar: str = "bar0") -> list[float]:
    rectangles = drawn(text).findall("svg:rect", SPACE)
    return [
        float(r.get("width", "")) for r in rectangles if r.get("class") == bar and r.get("height") != "12"
    ]


def words(text: str) -> list[str]:
    return [element.text or "" for element in drawn(text).iter() if element.tag.endswith("text")]


def test_the_dearest_group_has_the_longest_bar_and_the_others_their_share() -> None:
    text = svg([("dev", bill(resource(ADDRESS), resource(KEY), hours=4))])

    longest, other = widths(text)
    assert other == longest / 4
    assert [word for word in words(text) if word in ("Public IPv4", "Keys")] == ["Public IPv4", "Keys"]


def test_two_stacks_stand_beside_one_another_on_one_scale() -> None:
    text = svg([("dev", bill(resource(KEY))), ("prod", bill(resource(KEY), resource(KEY, "other")))])

    assert widths(text, "bar0")[0] * 2 == widths(text, "bar1")[0]
    assert [word for word in words(text) if "a month" in word] == [
        "dev: $1.00 a month",
        "prod: $2.00 a month",
    ]


def test_names_cannot_break_the_drawing() -> None:
    assert words(svg([("<dev> & co", bill(resource(KEY)))]))[0] == "<dev> & co: $1.00 a month"


def test_nothing_is_drawn_of_a_stack_that_costs_nothing() -> None:
    assert widths(svg([("empty", bill())])) == []


def test_every_bar_and_amount_stays_inside() -> None:
    text = svg([("dev", bill(resource(ADDRESS), hours=123_456))])
    root = drawn(text)
    ends = [float(r.get("x", "")) + float(r.get("width", "")) for r in root.findall("svg:rect", SPACE)]

    assert max(ends) + 6 + 8 * len("$123,456.00") <= float(root.get("width", ""))
    assert not re.search(r"(?:href|src|script)", text)
