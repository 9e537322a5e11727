"""Findings as they are stored: JSON, with degrees and shares of four digits."""

from collections.abc import Iterable
from typing import Any

from services.employment.matching.policy import Criterion
from services.employment.matching.rules import Finding, Verdict


def to_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "criterion": str(finding.criterion),
            "verdict": str(finding.verdict),
            "degree": round(finding.degree, 4),
            "share": round(finding.share, 4),
            "asked": list(finding.asked),
            "lacking": list(finding.lacking),
        }
        for finding in findings
    ]


def from_json(stored: Iterable[dict[str, Any]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            criterion=Criterion(entry["criterion"]),
            verdict=Verdict(entry["verdict"]),
            degree=entry["degree"],
            share=entry["share"],
            asked=tuple(entry["asked"]),
            lacking=tuple(entry["lacking"]),
        )
        for entry in stored
    )
