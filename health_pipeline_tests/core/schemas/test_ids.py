from datetime import date

from health_pipeline.core.schemas.ids import stable_id


def test_an_id_never_changes():
    assert stable_id("driver", "acc1", date(2026, 3, 10)) == "3eba1c10e787e04d530a"


def test_the_parts_are_kept_apart():
    assert len({stable_id("ab", "c"), stable_id("a", "bc"), stable_id("abc")}) == 3
