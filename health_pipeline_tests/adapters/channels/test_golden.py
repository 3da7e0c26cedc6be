import pytest

from health_pipeline.adapters.channels.kind import kinds
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.adapters.channels.golden import FOLDER, RENDERED, pages


@pytest.mark.parametrize(
    ("path", "text"), list(pages()), ids=lambda value: getattr(value, "stem", "")
)
def test_what_people_read(path, text):
    assert path.read_bytes().decode() == text, (
        "python -m health_pipeline_tests.adapters.channels.golden writes it anew"
    )


def test_every_channel_renders_every_message():
    assert set(RENDERED) == set(kinds())
    wanted = {f"{kind}_{name}.txt" for kind in kinds() for name in FIVE}
    assert {path.name for path in FOLDER.iterdir()} == wanted
