"""Findings of the checkers, and which of them are accepted."""

import re
from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """One rule that one resource does not satisfy."""

    environment: str
    rule: str
    resource: str
    """cdk-nag: the path of the construct; checkov: the logical name in the template."""
    text: str


class Accepted(NamedTuple):
    """Findings that stay, with the reason; the patterns must match as a whole."""

    rule: str
    resource: str
    reason: str
    environments: str = ".*"

    def covers(self, finding: Finding) -> bool:
        """Whether `finding` is one of these."""
        pairs = (
            (self.environments, finding.environment),
            (self.rule, finding.rule),
            (self.resource, finding.resource),
        )
        return all(re.fullmatch(pattern, value) for pattern, value in pairs)


def open_findings(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Finding]:
    """The findings that are not accepted."""
    known = list(accepted)
    return [one for one in findings if not any(entry.covers(one) for entry in known)]


def unused(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Accepted]:
    """The entries that cover no finding, and so should be removed."""
    all_of_them = list(findings)
    return [entry for entry in accepted if not any(map(entry.covers, all_of_them))]
