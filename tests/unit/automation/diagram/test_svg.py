"""The SVG: texts, positions and colours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from automation.cost.resources import Stack
from automation.diagram.canvas import fitted, packed, width_of
from automation.diagram.model import Picture
from automation.diagram.reading import picture_of
from automation.diagram.svg import svg
from tests.unit.automation.conftest import EXAMPLES, STACKS
from tests.unit.automation.diagram.conftest import drawn, resource, service, subnet

SVG = "{http://www.w3.org/2000/svg}"
Planned = Callable[[str], Stack]


def parsed(picture: Picture) -> ET.Element:
    return ET.fromstring(svg(picture))  # noqa: S314 -- our own text


def texts(root: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", [*STACKS, *EXAMPLES])
def test_all_shapes_are_inside_the_picture(name: str, planned: Planned, planned_example: Planned) -> None:
    root = parsed(picture_of((planned if name in STACKS else planned_example)(name)))
    height = float(root.get("height", ""))
    boxes = [
        [float(box.get(key, "")) for key in ("x", "y", "width", "height")] for box in root.iter(f"{SVG}rect")
    ]
    texts = [(float(text.get("x", "")), float(text.get("y", ""))) for text in root.iter(f"{SVG}text")]

    assert root.get("width") == "900"
    assert [box for box in boxes if min(box) < 0 or box[0] + box[2] > 900 or box[1] + box[3] > height] == []
    assert [at for at in texts if not (0 < at[0] < 900 and 0 < at[1] < height)] == []


@pytest.mark.parametrize("name", [*STACKS, *EXAMPLES])
def test_each_node_is_drawn_with_its_name(name: str, planned: Planned, planned_example: Planned) -> None:
    picture = picture_of((planned if name in STACKS else planned_example)(name))
    text = " ".join(texts(parsed(picture)))
    shown = {node.name for node in picture.nodes if not node.kind.endswith("subnet")}

    assert sorted(name for name in shown if name not in text) == []


def test_text_is_readable_in_a_readme(picture: Callable[[str], Picture]) -> None:
    sizes = {float(text.get("font-size", "")) for text in parsed(picture("prod")).iter(f"{SVG}text")}

    assert min(sizes) >= 11


def test_the_picture_has_a_description_for_screen_readers(picture: Callable[[str], Picture]) -> None:
    root = parsed(picture("dev"))
    title, description = (root.findtext(f"{SVG}{tag}") or "" for tag in ("title", "desc"))

    assert root.get("role") == "img"
    assert title == "The stack dev in us-east-1"
    assert "service web-bob: 1 task, 0.25 vCPU, 512 MB, Fargate Spot, " in description
    assert "reached by HTTPS 443 bob.dev.example.com" in description


def test_the_picture_has_its_model_as_metadata(picture: Callable[[str], Picture]) -> None:
    metadata = json.loads(parsed(picture("prod")).findtext(f"{SVG}metadata") or "")

    assert metadata == json.loads(json.dumps(picture("prod").as_json()))


def test_each_colour_has_a_variant_for_dark_pages(picture: Callable[[str], Picture]) -> None:
    """The light ones are outside of media queries, for converters without those."""
    style = parsed(picture("dev")).findtext(f"{SVG}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    names = {
        "." + item.get("class", "").split()[0] for item in parsed(picture("dev")).iter() if item.get("class")
    }

    assert set(re.findall(r"(\.[a-z]+) \{ fill", light)) == set(re.findall(r"(\.[a-z]+) \{ fill", dark))
    assert sorted(name for name in names if f"{name} {{" not in light) == []


def test_tasks_are_spread_over_the_zones() -> None:
    zones = [subnet(zone) for zone in "abc"]
    root = parsed(drawn(*zones, service("web", *"abc", desiredCount=4)))

    assert [word for word in texts(root) if word.startswith("task")] == ["task \u00d72", "task", "task"]


def test_zones_without_a_task_are_shown() -> None:
    running = texts(parsed(drawn(subnet("a"), subnet("b"), service("web", "a", "b"))))
    stopped = texts(parsed(drawn(subnet("a"), service("web", "a", desiredCount=0))))

    assert (running.count("task"), running.count("or here")) == (1, 1)
    assert stopped.count("no task") == 1


def test_a_long_list_is_shortened() -> None:
    groups = [resource("cloudwatch/logGroup:LogGroup", f"group-{number}") for number in range(20)]
    text = texts(parsed(drawn(*groups)))

    assert "and 13 more" in text
    assert len([word for word in text if word.startswith("group-")]) == 7


def test_monitoring_is_below_the_vpc_if_the_column_is_too_long(picture: Callable[[str], Picture]) -> None:
    places = {
        "".join(text.itertext()): float(text.get("y", ""))
        for text in parsed(picture("prod")).iter(f"{SVG}text")
    }

    assert places["CloudWatch alarms"] == places["SNS topics"] > places["Gateway endpoints3"]
    assert places["CloudWatch Logs"] < places["Gateway endpoints3"]


def test_names_are_escaped() -> None:
    assert "<b> & co" in texts(parsed(drawn(service("<b> & co"))))


def test_a_wide_text_is_shortened_in_the_middle() -> None:
    name = "a-very-long-domain-name.of-a-company.example.com"

    assert fitted("short", 100) == "short"
    assert width_of(fitted(name, 150)) <= 150
    assert fitted(name, 150).startswith("a-very")
    assert fitted(name, 150).endswith(".com")


def test_texts_are_joined_to_lines() -> None:
    assert packed(["1 task", "Fargate"], 200) == ["1 task · Fargate"]
    assert packed(["1 task", "Fargate"], 60) == ["1 task", "Fargate"]
    assert packed(["one.example.com or two.example.com"], 150) == ["one.example.com or", "two.example.com"]


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("prod", "cloudwatch/eventRule:EventRule"),
        ("prod", "wafv2/webAcl:WebAcl"),
        ("prod", "ecs/cluster:Cluster"),
        ("prod", "ec2/vpc:Vpc"),
        ("ec2", "autoscaling/group:Group"),
    ],
)
def test_resources_that_a_failed_update_has_not_created_are_left_out_with_their_edges(
    name: str, missing: str, planned: Planned, planned_example: Planned
) -> None:
    stack = (planned if name in STACKS else planned_example)(name)
    created = tuple(item for item in stack.resources if item.type != f"aws:{missing}")

    assert parsed(picture_of(replace(stack, resources=created))).tag == f"{SVG}svg"
