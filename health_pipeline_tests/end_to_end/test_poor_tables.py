"""Tables that are readable and yet no good: said by name, never landed as nothing."""

import pytest

from health_pipeline_tests.end_to_end.conftest import END
from health_pipeline_tests.end_to_end.shell import Place

HEADER = "source,source_account_id,name,created_at\n"
GOOD = "crm,{n},Company {n},2025-01-01\n"
BAD = "crm,{n},Company {n},31-01-2025\n"


@pytest.mark.parametrize(
    ("why", "good", "bad", "code", "said"),
    [
        ("every row is wrong", 0, 3, 3, "none of its 3 rows keeps the contract"),
        ("more than a few are", 9, 1, 0, "1 rows (10%) are in quarantine, more than the 5%"),
        ("a few are", 40, 1, 0, "accounts: 1 not_a_timestamp:created_at"),
    ],
)
def test_a_poor_table_is_told(tmp_path, why, good, bad, code, said):
    rows = [GOOD.format(n=n) for n in range(good)] + [BAD.format(n=100 + n) for n in range(bad)]
    place = _place(tmp_path, rows)
    told = place.run_days(END, END)
    assert told.code == code, (why, told.err)
    assert said in told.out + told.err, why
    assert place.table("quarantine").height == bad


def test_the_last_good_landing_outlives_landings_without_a_good_row(tmp_path):
    place = _place(tmp_path, [GOOD.format(n=1)])
    assert place.run_days(END, END).code == 0
    _place(tmp_path, [BAD.format(n=1)])
    told = place.run_days(END, END)
    assert told.code == 3
    assert "accounts.csv" in told.err
    _place(tmp_path, [])
    told = place.run_days(END, END)
    assert told.code == 0
    assert "accounts: accounts.csv without a row, though earlier exports had some" in told.err
    assert place.table("health_scores").height == 1


def _place(home, rows):
    folder = home / "sources"
    folder.mkdir(exist_ok=True)
    (folder / "accounts.csv").write_text(HEADER + "".join(rows))
    return Place(home, folder)
