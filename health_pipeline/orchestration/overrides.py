"""From the blocks of overrides.yaml to the accounts that they mean, and to words about the rest."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from health_pipeline.config.issue import Issue, dotted, shown
from health_pipeline.core.overrides.in_force import Finding, findings
from health_pipeline.core.overrides.params import Override
from health_pipeline.orchestration.find import PART, find_each
from health_pipeline.orchestration.house import Stores

OVERRIDES_CHECK = "has_effect"


def accounts_meant(stores: Stores) -> list[list[str]]:
    """For each override of the model the account_ids that its `account` means.

    As `health explain` finds them, but for a part of a name: an account that comes later may have
    it too, and would take the override over.
    """
    found = find_each(stores, [block.account for block in stores.model.overrides])
    return [[match.account_id for match in some if match.by != PART] for some in found]


def without_effect(
    blocks: Sequence[Override], accounts: Sequence[Sequence[str]], day: date
) -> list[str]:
    """`findings` of `day` as `health check` words them: file, line, key, value, what is right."""
    found = findings(blocks, accounts, day)
    # The word "warning" is put before it by whoever shows it.
    return [str(replace(_issue(blocks[one.place], one), severity="error")) for one in found]


def over(blocks: Sequence[Override], today: date) -> list[Issue]:
    """What `findings` says of the time of each block, whatever account it is about."""
    different = [[str(n)] for n in range(len(blocks))]
    return [_issue(blocks[one.place], one) for one in findings(blocks, different, today)]


def _issue(block: Override, found: Finding) -> Issue:
    return Issue(
        "overrides.yaml",
        block.line,
        dotted(("overrides", found.place, found.key)),
        shown(getattr(block, found.key)),
        found.problem,
        found.allowed,
        "warning",
    )
