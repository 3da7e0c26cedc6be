"""Identity at scale: the account records of four systems, from Parquet to a written answer."""

from __future__ import annotations

import json
from pathlib import Path

from health_pipeline_tests.bench.line import peak, ratio
from health_pipeline_tests.bench.measure import child
from health_pipeline_tests.bench.scale.parts import Section
from health_pipeline_tests.bench.scale.sizes import Scale
from health_pipeline_tests.bench.scale.taken import LIMITED, Taken, in_turns, taken

SYSTEMS = 4
COMPANIES_AN_ACCOUNT = 5
"""Companies here for each account of the other parts: a million records at full size."""

WORKS = {
    "read_and_write": "Read `accounts` and `account_links`, write the answer as Parquet",
    "read_text": "The same, read from CSV",
    "standardise": "Records and their keys: domains and names written in one way",
    "link": "Keys to accounts: sets, ids, evidence, `linked_at`, pairs in doubt",
    "link_again": "The same with every id published and 1,000 decisions of people",
    "link_more": "The same with 1 % more records",
    "whole": "All of it in one process: read, standardise, link, write",
    "anew": "The same with what the next resolution needs of it",
    "one_percent": "1 % more records: read all and that, resolve what they touch, write both anew",
    "whole_likeness": "All of it with likeness for records that are alone",
}

ABOUT = """{records:,} account records of {companies:,} companies in {systems} systems, seeded:
names with and without legal form, 15 % of records without a domain, a foreign key to the CRM on a
third of the support and half of the billing records, a few names and domains carried by many. Each
work runs in a process of its own with two threads."""


def identity(folder: Path, scale: Scale) -> Section:
    """Resolve the records of many companies."""
    place, companies = folder / "identity", COMPANIES_AN_ACCOUNT * scale.accounts
    child("-m", f"{__package__}.scale.identity_work", "generate", place, str(companies))

    def one(name: str) -> Taken:
        told = child("-m", f"{__package__}.scale.identity_work", name, place, env=LIMITED)
        return taken(json.loads(told.out))

    found = in_turns(list(WORKS), scale.times, one)
    spent = {name: took.spent for name, took in found.items()}
    io, link = spent["read_and_write"], spent["link"]
    return Section(
        "Identity",
        ABOUT.format(records=SYSTEMS * companies, companies=companies, systems=SYSTEMS),
        {words: found[name] for name, words in WORKS.items()},
        (
            ratio("linking records, to reading and writing them", link, io, 8),
            ratio("standardising records, to reading and writing them", spent["standardise"], io),
            ratio("resolving from file to file, to reading and writing", spent["whole"], io),
            ratio("the same, to reading CSV and writing", spent["whole"], spent["read_text"]),
            ratio(
                "resolving with likeness, to without", spent["whole_likeness"], spent["whole"], 4
            ),
            ratio("linking with ids and decisions, to linking", spent["link_again"], link, 2.5),
            ratio("linking 1 % more records, to linking", spent["link_more"], link),
            ratio("1 % more records, to resolving all anew", spent["one_percent"], spent["anew"]),
            peak("identity from file to file, peak memory", spent["whole_likeness"], 4),
        ),
    )
