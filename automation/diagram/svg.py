"""Draws a picture as SVG: zones are columns, load balancers and services rows, and tasks are in the cells.

Lines at the left go from load balancers to services, lines at the right from services to what they call or
mount. The services of the region are beside the VPC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from automation.diagram.canvas import LINE, SMALL, SYMBOL_WIDTH, Canvas, document, fitted, packed, width_of
from automation.diagram.model import Edge, Node, Picture, Tasks

_WIDTH: Final = 900
"""Pixels of the whole picture: about the width of a README on GitHub."""
_EDGE: Final = 14
_GAP: Final = 10
_SIDE: Final = 196
"""Width of the column of regional services."""
_RIGHT: Final = _WIDTH - _EDGE - _SIDE - _GAP
"""The right edge of the VPC."""
_TEXT: Final = 232
"""Width of a service's text, left of the zones."""
_LANE: Final = 12
"""Distance between parallel lines."""
_BOLD: Final = 1.07
"""Width of bold text, relative to normal text."""
_MAXIMUM_LINES: Final = 8
_MAXIMUM_LINES_BELOW: Final = 5
"""Lines of a card beside the VPC, and below it."""
_BEFORE: Final = ("internet", "dns", "firewall")
_IN_ROWS: Final = ("load balancer", "nat", "service", "files")
_BESIDE: Final = (
    *("certificates", "registry", "secrets", "logs", "bucket", "queries"),
    *("dashboard", "alarms", "events", "topic", "queue"),
)
"""Kinds of regional services, from top to bottom."""
_MONITORING: Final = ("queries", "dashboard", "alarms", "events", "topic")

_Point = tuple[float, float]


def svg(picture: Picture) -> str:
    """Return a picture as an SVG document with its model as metadata."""
    return _Drawing(picture).document()


class _Drawing:
    """The drawing. Methods draw from `top` downwards, and return the lower end."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._background, self._zones, self._clusters, self._boxes, self._front = (Canvas() for _ in range(5))
        self._balancers = picture.of_kind("load balancer")
        self._ends: dict[str, _Point] = {}
        """Ends of lines by node."""
        self._starts: dict[str, _Point] = {}
        """Starts of the lines to dependencies by service."""
        self._entries: dict[str, tuple[float, float, float]] = {}
        """Left, right and lower edge of the card before each load balancer."""
        self._dependencies = list(
            dict.fromkeys(e.target for e in picture.edges if e.kind in ("calls", "mounts"))
        )
        lanes = len(self._balancers) * _LANE + 6 if self._balancers else 0
        self._left, self._right = _EDGE + 26 + lanes, _RIGHT - 26 - _LANE * len(self._dependencies)
        """Edges of the rows."""
        self._cells = self._left + _TEXT, self._right - 4 - self._left - _TEXT
        zones = picture.of_kind("zone")
        width = self._cells[1] / max(1, len(zones))
        self._columns = {zone.id: (self._cells[0] + width * index, width) for index, zone in enumerate(zones)}

    def document(self) -> str:
        """Draw everything."""
        picture = self._picture
        self._front.text(_EDGE + 4, 31, picture.stack, size=19, kind="text bold", after=picture.region)
        bottom = self._vpc(self._entrance(46))
        bottom = self._beside(46, self._machines(bottom))
        if any(node.external for node in picture.nodes):
            bottom += 16
            self._front.text(_RIGHT + _GAP, bottom, "Dashed frames: made elsewhere", kind="faint")
        self._draw_traffic()
        self._draw_dependencies()
        return document(
            (self._background, self._zones, self._clusters, self._boxes, self._front),
            (_WIDTH, bottom + _EDGE),
            title=f"The stack {picture.stack} in {picture.region}",
            description="; ".join(_description(picture)),
            metadata=f"\n{dumps(picture)}\n",
        )

    # The VPC.

    def _entrance(self, top: float) -> float:
        """Draw the users, DNS and the firewall."""
        cards = self._picture.of_kind(*_BEFORE)
        if not cards:
            return top
        x, height = float(_EDGE), max(_card_height(card) for card in cards)
        middle, most = top + height / 2, 290 if len(cards) < len(_BEFORE) else 250
        for card in cards:
            width, own = min(_card_width(card), most), _card_height(card)
            self._card(card, x, middle - own / 2, width)
            if card is not cards[0]:
                self._front.arrow([(x - 28, middle), (x, middle)])
            for edge in self._picture.edges:
                if edge.source == card.id and self._picture.node(edge.target) in self._balancers:
                    self._entries[edge.target] = (x, x + width, middle + own / 2)
            x += width + 28
        return top + height + 28

    def _vpc(self, top: float) -> float:
        vpc = self._picture.node("vpc")
        self._front.title("vpc", _EDGE + 8, top + 20, " ".join((vpc.name, *vpc.lines)))
        y = top + 30
        rows = [node for node in self._picture.of_kind(*_IN_ROWS) if node.within != "outside"]
        kinds = ["public subnet", "private subnet"]
        # Load balancers are above their services.
        kinds.insert(0 if any(node.external and node in self._balancers for node in rows) else 2, "")
        for kind in kinds:
            subnets = self._picture.of_kind(kind) if kind else []
            content = [node for node in rows if self._subnet_kind(node) == kind]
            if subnets or content:
                y = self._subnets(y, kind, subnets, content) + _GAP
        if others := self._picture.of_kind("endpoints", "namespace"):
            y = self._small_cards(others, _EDGE + 10, _RIGHT - 10, y, symbols=True) + _GAP
        for zone in self._picture.of_kind("zone"):
            left, width = self._columns[zone.id]
            self._zones.box("zone", left + 1, top + 26, width - 2, y - top - 30, dashed=True)
            self._front.centred(left, width, top + 20, zone.name)
        self._background.box("vpc", _EDGE, top, _RIGHT - _EDGE, y - top, dashed=vpc.external)
        return y

    def _subnet_kind(self, node: Node) -> str:
        """Return the kind of a node's subnets; an empty string if they are unknown."""
        return self._picture.node(node.subnets[0]).kind if node.subnets else ""

    def _subnets(self, top: float, kind: str, subnets: Sequence[Node], content: Sequence[Node]) -> float:
        """Draw the subnets of one kind with their content."""
        title = f"{subnets[0].name}s" if subnets else "Existing subnets"
        self._front.text(self._left - 8, top + 16, title, kind="faint")
        for subnet in subnets:
            self._front.centred(*self._columns[subnet.within], top + 16, " ".join(subnet.lines))
        y = top + 24
        for node in (node for node in content if node.kind == "load balancer"):
            y = self._balancer(node, y) + _GAP
        for node in (node for node in content if node.kind == "nat"):
            y = self._nat(node, y) + _GAP
        if services := [node for node in content if node.kind == "service"]:
            y = self._cluster(services, y) + _GAP
        for node in (node for node in content if node.kind == "files"):
            y = self._files(node, y) + _GAP
        colour = kind.partition(" ")[0] or "elsewhere"
        self._background.box(colour, _EDGE + 8, top, _RIGHT - _EDGE - 16, y - top)
        return y

    def _balancer(self, node: Node, top: float) -> float:
        number = self._balancers.index(node)
        left = _EDGE + 16 + _LANE * number
        right = self._right + 8 - 2 * _LANE * (len(self._balancers) - 1 - number)
        listeners = [item for item in self._picture.of_kind("listener") if item.within == node.id]
        text = max(width_of(node.name) * _BOLD, *map(width_of, node.lines or [""]))
        bottom = self._small_cards(listeners, left + 42 + text, right - 6, top + 6)
        bottom = max(bottom, top + 14 + LINE * (1 + len(node.lines))) + 4
        self._boxes.box("card", left, top, right - left, bottom - top, dashed=node.external)
        self._front.title(node.kind, left + 8, top + 20, node.name)
        self._front.lines(left + 8 + SYMBOL_WIDTH, top + 20, node.lines)
        self._ends[node.id] = (left + 7, bottom)
        if node.id in self._entries:
            self._front.arrow(self._entry_line(node, right - 12 if number else None, top))
        return bottom

    def _entry_line(self, node: Node, at: float | None, top: float) -> list[_Point]:
        """Return a line from above that crosses no text: left of the zones, or at their right edge."""
        left, right, y = self._entries[node.id]
        left_of_zones = self._cells[0] - 30
        start = right - 12
        if at is None:
            start = max(left + 16, min(left_of_zones, right - 2 - 14 * len(self._balancers)))
            at = start if left_of_zones - 70 < start < left_of_zones + 48 else left_of_zones
        return [(start, y), *([] if start == at else [(start, y + 10), (at, y + 10)]), (at, top)]

    def _nat(self, node: Node, top: float) -> float:
        for subnet in node.subnets:
            left, width = self._columns[self._picture.node(subnet).within]
            self._front.box("card", left + 6, top, width - 12, 26)
            self._front.symbol("nat", left + 12, top + 5)
            x = left + 12 + SYMBOL_WIDTH
            fits = width_of(node.name, SMALL) <= left + width - 8 - x
            self._front.text(x, top + 17, node.name if fits else "NAT", size=SMALL)
        return top + 26

    def _files(self, node: Node, top: float) -> float:
        self._front.box("card", self._left, top, self._right - self._left, 34, dashed=node.external)
        self._front.title("files", self._left + 8, top + 22, fitted(node.name, _TEXT - 40))
        for subnet in node.subnets:
            column = self._columns[self._picture.node(subnet).within]
            self._front.centred(*column, top + 21, "mount target")
        self._ends[node.id] = (self._right, top + 17)
        return top + 34

    # The cluster.

    def _cluster(self, services: Sequence[Node], top: float) -> float:
        """Draw the cluster with services, grouped by capacity."""
        cluster = self._picture.node("cluster")
        y = self._heading(cluster, top)
        for around in dict.fromkeys(service.within for service in services):
            node, begin = self._picture.node(around), y
            if node is not cluster:
                y = self._heading(node, y)
            for service in (item for item in services if item.within == around):
                y = self._service(service, y) + 6
            if node is not cluster:
                width = self._right - self._left + 8
                self._boxes.box("capacity", self._left - 4, begin, width, y - begin, dashed=True)
                y += 8
        width = self._right - self._left + _LANE * len(self._dependencies) + 16
        self._clusters.box("cluster", self._left - 8, top, width, y - top + 2, dashed=cluster.external)
        return y + 2

    def _heading(self, node: Node, top: float) -> float:
        """Write the title of a cluster or its capacity, with schedules."""
        x = self._left + SYMBOL_WIDTH
        schedules = [" · ".join(self._schedule_text(edge)) for edge in self._picture.to(node.id, "scales")]
        first, *rest = [*node.lines, *schedules] or [""]
        room = self._right - x - width_of(node.name) * _BOLD - 10
        self._front.title(node.kind, self._left, top + 19, node.name, after=fitted(first, room))
        self._front.lines(x, top + 19, rest, self._right - x)
        return top + 28 + LINE * len(rest)

    def _service(self, node: Node, top: float) -> float:
        tasks = node.tasks or Tasks(least=0, most=0, containers=())
        lines = list(self._service_lines(node, tasks))
        height = max(30 + LINE * len(lines), 26 + 15 * max(1, len(tasks.containers)))
        self._front.box("card", self._left, top, self._right - self._left, height)
        self._front.title("service", self._left + 8, top + 20, fitted(node.name, _TEXT - 40, 14), size=14)
        for index, (line, kind) in enumerate(lines, 1):
            self._front.text(self._left + 10, top + 20 + LINE * index, line, kind=kind)
        self._tasks(node, tasks, top + 7, height - 14)
        self._ends[node.id] = (self._left, top + 15)
        # Its own lines start below the end of others.
        self._starts[node.id] = (self._right, top + 25)
        return top + height

    def _service_lines(self, node: Node, tasks: Tasks) -> Iterator[tuple[str, str]]:
        """Yield the lines of a service's text, each with its class."""
        picture = self._picture
        for edge in picture.to(node.id, "traffic"):
            way = f"{picture.node(edge.source).name} {edge.label}".strip()
            yield from ((line, "text") for line in packed([way], _TEXT - 16))
        yield from ((line, "faint") for line in packed([tasks.text, *node.lines], _TEXT - 16))
        for edge in picture.edges:
            if edge.source == node.id and edge.target in self._dependencies:
                yield fitted(f"{edge.kind} {edge.label}", _TEXT - 16), "calls"
        for edge in picture.to(node.id, "starts", "scales"):
            yield from ((line, "faint") for line in packed(self._schedule_text(edge), _TEXT - 16))

    def _schedule_text(self, edge: Edge) -> tuple[str, ...]:
        schedule = self._picture.node(edge.source)
        return (f"{schedule.name}: {edge.label}", *schedule.lines)

    def _tasks(self, node: Node, tasks: Tasks, top: float, height: float) -> None:
        """Draw the tasks, spread over the zones as by ECS."""
        cells = [self._columns[self._picture.node(subnet).within] for subnet in node.subnets] or [self._cells]
        nothing = "none between runs" if any(self._picture.to(node.id, "starts")) else "no task"
        for index, (left, width) in enumerate(cells):
            count = tasks.least // len(cells) + (index < tasks.least % len(cells))
            x, inner = left + 7, width - 14
            if not count:
                self._front.box("maybe", x, top, inner, height, dashed=True)
                self._front.centred(x, inner, top + height / 2 + 4, "or here" if tasks.least else nothing)
                continue
            behind = 5 if count > 1 else 0
            for offset in {behind: None, 0: None}:
                self._front.box("task", x + offset, top + offset, inner - behind, height - behind)
            lines, times = [*tasks.containers] or ["task"], f"\u00d7{count}"
            if count > 1 and width_of(f"{lines[0]} {times}", SMALL) <= inner - behind - 8:
                lines[0] += f" {times}"
            elif count > 1:
                lines.append(times)
            first = top + (height - behind) / 2 + 4 - 7.5 * (len(lines) - 1)
            for number, line in enumerate(lines):
                self._front.centred(x, inner - behind, first + 15 * number, line, kind="text")

    # Beside and below the VPC.

    def _beside(self, top: float, bottom: float) -> float:
        """Draw the regional services at the right; those for monitoring below if the column is too long."""
        cards = sorted(self._picture.of_kind(*_BESIDE), key=lambda card: _BESIDE.index(card.kind))
        monitoring = [card for card in cards if card.kind in _MONITORING]
        if top + sum(_card_height(card) + 8 for card in cards) <= bottom + 60:
            monitoring = []
        messages = [edge for edge in self._picture.edges if edge.kind == "notifies"]
        x, y, lane = _WIDTH - _EDGE - _SIDE, top, _WIDTH - _EDGE
        width = _SIDE - (_LANE if messages and not monitoring else 0)
        for card in (card for card in cards if card not in monitoring):
            self._card(card, x, y, width)
            self._ends[card.id] = (x + width, y + 14)
            y += _card_height(card) + 8
        if monitoring:
            return self._monitoring(monitoring, messages, max(bottom, y - 8) + _GAP)
        for edge in messages:
            start, end = self._ends[edge.source], self._ends[edge.target]
            self._front.arrow([start, (lane, start[1]), (lane, end[1]), end])
        return max(bottom, y - 8)

    def _monitoring(self, cards: Sequence[Node], messages: Sequence[Edge], top: float) -> float:
        width = (_WIDTH - 2 * _EDGE - 8 * (len(cards) - 1)) / len(cards)
        bottom = top + max(_card_height(card, _MAXIMUM_LINES_BELOW) for card in cards)
        for index, card in enumerate(cards):
            x = _EDGE + (width + 8) * index
            self._card(card, x, top, width, _MAXIMUM_LINES_BELOW)
            self._ends[card.id] = (x + width / 2, top + _card_height(card, _MAXIMUM_LINES_BELOW))
        for edge in messages:
            (start, y), (end, target) = self._ends[edge.source], self._ends[edge.target]
            self._front.arrow([(start, y), (start, bottom + 8), (end, bottom + 8), (end, target)])
        return bottom + (8 if messages else 0)

    def _machines(self, top: float) -> float:
        """Draw machines outside AWS with their services."""
        for node in self._picture.of_kind("machines"):
            begin = top + _GAP
            top = self._heading(node, begin)
            for service in self._picture.of_kind("service"):
                if service.within == node.id:
                    top = self._service(service, top) + 8
            self._boxes.box("cluster", _EDGE, begin, _RIGHT - _EDGE, top - begin)
        return top

    def _card(self, node: Node, x: float, y: float, width: float, maximum: int = _MAXIMUM_LINES) -> None:
        self._front.box("card", x, y, width, _card_height(node, maximum), dashed=node.external)
        self._front.title(node.kind, x + 8, y + 19, fitted(node.name, width - 36))
        self._front.lines(x + 10, y + 19, _card_lines(node, maximum), width - 18)

    def _small_cards(
        self, nodes: Iterable[Node], left: float, right: float, top: float, *, symbols: bool = False
    ) -> float:
        """Draw small cards side by side, in as many rows as needed."""
        x, y = left, top
        for node in nodes:
            text, indent = ", ".join(node.lines), 30 if symbols else 8
            name = width_of(node.name) * _BOLD
            width = min(indent + name + (10 + width_of(text) if text else 0) + 10, right - left)
            if x > left and x + width > right:
                x, y = left, y + 32
            self._front.box("card", x, y, width, 26, dashed=node.external)
            if symbols:
                self._front.symbol(node.kind, x + 8, y + 5)
            after = fitted(text, width - indent - name - 18)
            self._front.text(x + indent, y + 17, node.name, kind="text bold", after=after)
            x += width + 8
        return y + 26

    # Lines.

    def _draw_traffic(self) -> None:
        for balancer in self._balancers:
            x, y = self._ends[balancer.id]
            listeners = {item.id for item in self._picture.of_kind("listener") if item.within == balancer.id}
            reached = (edge.target for edge in self._picture.edges if edge.source in listeners)
            for end in (self._ends[target] for target in dict.fromkeys(reached)):
                self._front.arrow([(x, y), (x, end[1]), end])

    def _draw_dependencies(self) -> None:
        for number, target in enumerate(self._dependencies):
            lane, end = self._right + 8 + _LANE * number, (self._right, self._ends[target][1])
            for edge in self._picture.to(target, "calls", "mounts"):
                start = self._starts[edge.source]
                self._front.arrow([start, (lane, start[1]), (lane, end[1]), end], kind="call")


def dumps(picture: Picture) -> str:
    """Return a picture's model as JSON with a line for each node and edge, for readable diffs."""
    model = picture.as_json()
    parts = [f' "{key}": {json.dumps(model[key])}' for key in ("stack", "region")]
    for key in ("nodes", "edges"):
        lines = ",\n".join(f"  {json.dumps(item, ensure_ascii=False)}" for item in model[key])
        parts.append(f' "{key}": [\n{lines}\n ]')
    return "{\n" + ",\n".join(parts) + "\n}"


def _description(picture: Picture) -> Iterator[str]:
    """Yield a description of the picture for screen readers."""
    for node in picture.of_kind("vpc", "firewall", "load balancer", "nat", "files"):
        yield " ".join((node.name, ", ".join(node.lines))).strip()
    for service in picture.of_kind("service"):
        ways = [f"{picture.node(e.source).name} {e.label}".strip() for e in picture.to(service.id, "traffic")]
        lines = [service.tasks.text if service.tasks else "", *service.lines]
        reached = f"reached by {' and '.join(ways)}" if ways else "reached by nobody from outside"
        yield f"service {service.name}: {', '.join(filter(None, lines))}, {reached}"
    for node in picture.of_kind(*_BESIDE):
        yield f"{node.name}: {', '.join(node.lines)}"


def _card_lines(node: Node, maximum: int) -> list[str]:
    """Return the lines of a card, shortened to a maximum number."""
    if len(node.lines) <= maximum:
        return [*node.lines]
    return [*node.lines[: maximum - 1], f"and {len(node.lines) - maximum + 1} more"]


def _card_width(node: Node) -> float:
    return max([width_of(node.name) * _BOLD + 22, *map(width_of, node.lines)]) + 22


def _card_height(node: Node, maximum: int = _MAXIMUM_LINES) -> float:
    return 28 + LINE * len(_card_lines(node, maximum))
