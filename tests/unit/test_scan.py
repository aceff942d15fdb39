"""Findings of public scanners, and the reasons why they are accepted."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from policies.evaluation import CONTROLS

ROOT = Path(__file__).resolve().parents[2]
TABLE = yaml.safe_load((ROOT / "policies" / "scanners.yaml").read_text())
SMALL = {
    "same-as": {"CKV_AWS_91": "ELB.5"},
    "by-design": {"CKV_AWS_260": "redirects"},
    "bootstrap": {"CKV_AWS_18": "logs"},
    "parliament": {"RESOURCE_STAR/bootstrap.": "a ceiling"},
}


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("judge", ROOT / ".ci" / "scan" / "judge.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    exceptions = {"dev": {"ELB.5": "small", "CKV_AWS_338/logs": "a week"}, "bootstrap": {}}
    monkeypatch.setattr(module, "exceptions_of", exceptions.__getitem__)
    return module


def failed(stack: str, check: str, resource: str = "aws_lb.load-balancer") -> dict[str, Any]:
    return {"file_path": f"/{stack}.json", "check_id": check, "resource": resource, "check_name": "it"}


def report(*checks: dict[str, Any]) -> dict[str, Any]:
    return {"results": {"failed_checks": list(checks)}}


def finding(issue: str, detail: str) -> str:
    location = {"filepath": "/declared/policies/bootstrap.Policy.boundary.json"}
    return json.dumps({"issue": issue, "detail": detail, "location": location})


def test_a_check_is_accepted_by_its_equivalent_control(judge: ModuleType) -> None:
    assert judge.judged(report(failed("dev", "CKV_AWS_91")), "", SMALL)[:2] == ([], {"dev.ELB.5"})


def test_a_check_is_accepted_for_one_resource_or_for_all_stacks(judge: ModuleType) -> None:
    checks = failed("dev", "CKV_AWS_338", "aws_log_group.logs"), failed("dev", "CKV_AWS_260")
    wrong, needed, counts = judge.judged(report(*checks), "", SMALL)

    assert (wrong, needed) == ([], {"dev.CKV_AWS_338/logs", "by-design.CKV_AWS_260"})
    assert counts == {"dev": 2}


@pytest.mark.parametrize(
    "check",
    [
        failed("dev", "CKV_AWS_1"),
        failed("dev", "CKV_AWS_338", "aws_log_group.other"),
        # What is accepted of an account is not accepted of a stack, nor the other way round.
        failed("dev", "CKV_AWS_18"),
        failed("bootstrap", "CKV_AWS_260"),
    ],
)
def test_other_findings_are_not_accepted(judge: ModuleType, check: dict[str, Any]) -> None:
    (wrong,), _, _ = judge.judged(report(check), "", SMALL)

    assert check["check_id"] in wrong


def test_findings_in_policies_are_accepted_by_their_kind_and_place(judge: ModuleType) -> None:
    wrong, needed, _ = judge.judged(report(), finding("RESOURCE_STAR", "['s3:GetObject']"), SMALL)
    others, _, _ = judge.judged(report(), finding("PRIVILEGE_ESCALATION", "[]"), SMALL)

    assert (wrong, needed) == ([], {"parliament.RESOURCE_STAR/bootstrap."})
    assert others == ["parliament: PRIVILEGE_ESCALATION bootstrap.Policy.boundary: []"]


def test_actions_newer_than_parliament_are_ignored(judge: ModuleType) -> None:
    known = finding("UNKNOWN_ACTION", "Unknown action ecs:StopServiceDeployment")
    misspelt = finding("UNKNOWN_ACTION", "Unknown action ecs:StopServiceDeploymnt")

    assert judge.judged(report(), known, SMALL)[0] == []
    assert len(judge.judged(report(), misspelt, SMALL)[0]) == 1


def test_unused_reasons_are_reported(judge: ModuleType) -> None:
    needed = {"by-design.CKV_AWS_260", "bootstrap.CKV_AWS_18", "parliament.RESOURCE_STAR/bootstrap."}

    assert judge.unused(needed, {"dev": 1}, SMALL) == ["dev.CKV_AWS_338/logs"]
    assert judge.unused(needed - {"bootstrap.CKV_AWS_18"}, {}, SMALL) == ["bootstrap.CKV_AWS_18"]


def test_equivalent_controls_exist() -> None:
    assert {*TABLE["same-as"].values()} <= CONTROLS.keys()


def test_every_reason_is_a_sentence() -> None:
    reasons = [one for group in ("by-design", "bootstrap", "parliament") for one in TABLE[group].values()]

    assert [one for one in reasons if not one.endswith(".") or len(one) < 30] == []
