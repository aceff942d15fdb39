"""A picture in the languages of Graphviz and Mermaid; GitHub draws Mermaid in Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from automation.diagram.model import Edge, Node, Picture

_NOT_NESTED = ("zone", "public subnet", "private subnet")
"""Kinds of nodes that are text in the nodes within them, because a node may be in several of them."""


def dot(picture: Picture) -> str:
    """Return a picture for Graphviz."""

    def begin(node: Node) -> str:
        return f"subgraph {json.dumps(f'cluster {node.id}')} {{ label={json.dumps(_title(node))};"

    def single(node: Node) -> str:
        shape = "style=dashed" if node.external else "style=rounded"
        return (
            f"{json.dumps(node.id)} [label={json.dumps(_label(picture, node), ensure_ascii=False)}, {shape}];"
        )

    lines = [f"digraph {json.dumps(picture.stack)} {{", "  rankdir=TB; node [shape=box, fontname=Helvetica];"]
    lines += _nested(picture, "", "  ", begin=begin, single=single, end="}")
    for edge in _edges(picture):
        label = f" [label={json.dumps(edge.label, ensure_ascii=False)}]" if edge.label else ""
        lines.append(f"  {json.dumps(edge.source)} -> {json.dumps(edge.target)}{label};")
    return "\n".join([*lines, "}", ""])


def mermaid(picture: Picture) -> str:
    """Return a picture as a Mermaid flowchart."""
    ids = {node.id: f"n{number}" for number, node in enumerate(picture.nodes)}

    def quoted(text: str) -> str:
        # https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
        return '"' + text.replace('"', "#quot;").replace("\n", "<br>") + '"'

    def begin(node: Node) -> str:
        return f"subgraph {ids[node.id]} [{quoted(_title(node))}]"

    def single(node: Node) -> str:
        return f"{ids[node.id]}[{quoted(_label(picture, node))}]"

    lines = ["flowchart TB", *_nested(picture, "", "  ", begin=begin, single=single, end="end")]
    for edge in _edges(picture):
        label = f"|{quoted(edge.label)}|" if edge.label else ""
        lines.append(f"  {ids[edge.source]} -->{label} {ids[edge.target]}")
    return "\n".join([*lines, ""])


def _nested(
    picture: Picture,
    around: str,
    indent: str,
    *,
    begin: Callable[[Node], str],
    single: Callable[[Node], str],
    end: str,
) -> Iterator[str]:
    """Yield the lines of the nodes within a node."""
    for node in picture.nodes:
        if node.within != around or node.kind in _NOT_NESTED:
            continue
        inner = list(_nested(picture, node.id, f"{indent}  ", begin=begin, single=single, end=end))
        # In Graphviz a node with others in it cannot be the end of an edge.
        if inner and not any(node.id in (edge.source, edge.target) for edge in picture.edges):
            yield from (indent + begin(node), *inner, indent + end)
        else:
            yield from (indent + single(node), *(line[2:] for line in inner))


def _edges(picture: Picture) -> Iterator[Edge]:
    """Yield the edges, and one from each load balancer to each of its listeners, which are not nested."""
    yield from picture.edges
    for node in picture.of_kind("listener"):
        yield Edge(source=node.within, target=node.id, kind="traffic")


def _title(node: Node) -> str:
    return " ".join((node.name, *node.lines))


def _label(picture: Picture, node: Node) -> str:
    zones = dict.fromkeys(picture.node(picture.node(subnet).within).name for subnet in node.subnets)
    kinds = dict.fromkeys(picture.node(subnet).name.lower() for subnet in node.subnets)
    places = [f"{' and '.join(kinds)}s in {', '.join(zones)}"] if zones else []
    tasks = [node.tasks.text, *node.tasks.containers] if node.tasks else []
    return "\n".join((node.name, *tasks, *node.lines, *places))
