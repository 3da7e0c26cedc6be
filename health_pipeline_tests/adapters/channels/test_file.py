import json
import threading
from datetime import UTC, datetime

import pytest

from health_pipeline.adapters.channels.kinds.file import Params, missing, send
from health_pipeline.core.schemas.messages import Message
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.told import message

NOW = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)


def test_each_message_is_a_line_that_reads_back(tmp_path):
    config = Params(path=str(tmp_path / "told.jsonl"))
    for again, one in enumerate(FIVE.values()):
        assert send(one, config, one.key, NOW, again > 2).ok
    rows = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text("utf-8").splitlines()]
    assert [Message.model_validate(row["message"]) for row in rows] == list(FIVE.values())
    assert [row["possible_repeat"] for row in rows] == [False, False, False, True, True]
    assert rows[0]["sent_at"] == "2026-03-11T06:00:00+00:00"


def test_lines_of_many_senders_do_not_mix(tmp_path):
    config = Params(path=str(tmp_path / "told.jsonl"))

    def work(number):
        for n in range(30):
            send(FIVE["group"], config, f"{number}-{n}", NOW, False)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = (tmp_path / "told.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["key"] for line in lines}) == len(lines) == 90


def test_a_folder_that_is_not_there(tmp_path):
    config = Params(path=str(tmp_path / "nowhere" / "told.jsonl"))
    assert "its folder does not exist" in (missing(config) or "")
    result = send(message(), config, "k", NOW, False)
    assert (result.ok, result.error) == (False, "not written: No such file or directory")


@pytest.mark.parametrize(("name", "ready"), [("told.jsonl", True), (".", False)])
def test_missing(name, ready, tmp_path):
    if ready:
        assert missing(Params(path=str(tmp_path / name))) is None
    else:
        result = send(message(), Params(path=str(tmp_path)), "k", NOW, False)
        assert result.error == "not written: Is a directory"
