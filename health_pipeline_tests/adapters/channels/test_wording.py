import json
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from health_pipeline.adapters.channels.kinds import apprise, email, pagerduty, slack, webhook
from health_pipeline.adapters.channels.plain import clipped, isolated, plain
from health_pipeline.adapters.channels.wording import (
    body,
    detailed,
    headline,
    links,
    short,
    told,
    when,
)
from health_pipeline.core.schemas.messages import Link
from health_pipeline_tests.adapters.channels.five import FIVE
from health_pipeline_tests.faults.servers.slack import wrong
from health_pipeline_tests.told import alert, message

PLAIN = [
    ("control characters", "a\x00b\x1b[2Jc", "a b [2Jc"),
    ("line breaks of every kind", "a\r\nb\u2028c\u2029d\x85e", "a  b c d e"),
    ("direction marks", "x\u202egnp.exe\u202c\u2066y\u2069", "xgnp.exey"),
    ("a joined emoji stays whole", "👩‍🚀", "👩‍🚀"),
    ("a byte-order mark", "\ufeffa", "a"),
    ("plain", "Müller & Söhne <3", "Müller & Söhne <3"),
]


@pytest.mark.parametrize(("why", "given_text", "expected"), PLAIN, ids=[c[0] for c in PLAIN])
def test_plain(why, given_text, expected):
    assert plain(given_text) == expected


CLIPPED = [
    ("short", "abc", 3, "abc"),
    ("long", "abcdef", 4, "abc…"),
    ("an accent is not torn off", "abe\u0301", 3, "ab…"),
    ("nor an emoji apart", "a👩‍🚀b", 4, "a…"),
    ("nor a skin tone", "a👍🏽b", 3, "a…"),
    ("nothing fits", "abc", 1, "…"),
]


@pytest.mark.parametrize(("why", "text", "most", "expected"), CLIPPED, ids=[c[0] for c in CLIPPED])
def test_clipped(why, text, most, expected):
    assert clipped(text, most) == expected


@given(st.text(), st.integers(1, 60))
def test_clipped_is_never_longer_and_only_cuts(text, most):
    found = clipped(text, most)
    assert len(found) <= most
    assert found == text or text.startswith(found[:-1])


@given(st.text())
def test_plain_text_is_one_harmless_line_and_stays_as_it_is(text):
    found = plain(text)
    assert plain(found) == found
    assert found.splitlines() in ([], [found])
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in found)


def test_a_name_from_right_to_left_does_not_turn_the_sentence():
    assert isolated("شركة") == "\u2068شركة\u2069"
    assert isolated("Acme") == "Acme"


UNKNOWN = alert(
    signal=None, reason_code=None, from_state=None, to_state=None, sentence="", score=None,
    tier=None, arr=None, play=None, play_due=None, owner_email=None,
)  # fmt: skip
ALL_KNOWN = (
    "Acme Ltd · seats_active_7d watch → risk · score 43.2 (red), ARR 120,000, "
    "reason seats_inactive · Bring the seats back, ann@us.example, due 2026-03-12"
)


def unknown(**known):
    return UNKNOWN.model_copy(update=known)


WORDS = [
    ("all is known", short, alert(), ALL_KNOWN),
    ("nothing is known", short, unknown(), "Acme Ltd"),
    ("nothing is known, in detail", detailed, unknown(), "Acme Ltd"),
    ("a play nobody owns", short, unknown(play="Call"), "Acme Ltd · Call, nobody owns it"),
    ("a tier without a score", short, unknown(tier="red"), "Acme Ltd · red"),
    ("no name", short, unknown(account="\u202e"), "acc_1"),
    ("no Red of 59.96 shows as 60.0", short, unknown(score=59.96), "Acme Ltd · score 59.9"),
    ("0 is a figure", short, unknown(arr=0.0, score=0.0), "Acme Ltd · score 0.0, ARR 0"),
]


@pytest.mark.parametrize(("why", "write", "one", "expected"), WORDS, ids=[c[0] for c in WORDS])
def test_an_alert_in_words(why, write, one, expected):
    assert write(one) == expected


def test_a_possible_repeat_says_so():
    assert headline(message(), again=True) == (
        "Possible repeat: Acme Ltd: seats_active_7d is at risk"
    )


MANY = tuple(alert(account=f"Customer {n}") for n in range(40))
TOLD = [
    ("all in detail", MANY[:3], 10_000, 3, "33% of"),
    ("all in short", MANY[:3], 500, 3, " · "),
    ("all by name", MANY[:3], 60, 3, "Customer"),
    ("some by name", MANY, 60, 5, "Customer"),
    ("never more than ten in detail", MANY[:11], 100_000, 11, " · "),
    ("nothing fits", MANY, 3, 0, ""),
]


@pytest.mark.parametrize(
    ("why", "alerts", "room", "lines", "words"), TOLD, ids=[c[0] for c in TOLD]
)
def test_as_much_is_told_as_fits(why, alerts, room, lines, words):
    found = told(alerts, lambda parts: len("\n".join(parts)) <= room)
    assert (len(found.lines), found.left_out) == (lines, len(alerts) - lines)
    assert words in "".join(found.lines)
    assert found.rest == (f"… and {found.left_out} more" if found.left_out else "")


def test_links_are_of_the_web_and_end_no_markup():
    given_links = tuple(
        Link(text=text, href=href)
        for text, href in (
            ("a|b", "https://h.example/x y|z>w)"),
            ("no-break space", "https://h.example/x\xa0y"),
            ("script", "javascript:alert(1)"),
            ("", "https://h.example/"),
        )
    )
    assert [(one.text, one.href) for one in links(message(links=given_links))] == [
        ("a|b", "https://h.example/x%20y%7Cz%3Ew%29"),
        ("no-break space", "https://h.example/x%C2%A0y"),
        ("link", "https://h.example/"),
    ]


WHEN = [
    ("Europe/Berlin", "2026-07-01 02:30 Europe/Berlin"),
    ("UTC", "2026-07-01 00:30 UTC"),
    ("Atlantis/Deep", "2026-07-01 00:30 UTC"),
    ("../../etc/passwd", "2026-07-01 00:30 UTC"),
]


@pytest.mark.parametrize(("zone", "expected"), WHEN)
def test_when(zone, expected):
    assert when(datetime(2026, 7, 1, 0, 30, tzinfo=UTC), zone) == expected


ANY = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("&<>|*_`@\u202e\u200d👩شé\r\n"),
    max_size=300,
)


@st.composite
def messages(draw):
    count = draw(st.sampled_from([0, 1, 3, 60]))
    name, sentence = draw(ANY), draw(ANY)
    alerts = tuple(alert(account=f"{name}{n}", sentence=sentence) for n in range(count))
    return message(
        title=draw(ANY), text=draw(ANY) * draw(st.sampled_from([1, 40])), alerts=alerts,
        route=draw(ANY), recipient=draw(ANY), dedup_key="k" * draw(st.integers(1, 300)),
        links=(Link(text=draw(ANY), href="https://h.example/" + draw(ANY)),),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(messages(), st.booleans())
def test_no_text_breaks_the_rules_of_a_receiver(one, again):
    in_slack = slack.rendered(one, again=again)
    assert wrong(in_slack, json.loads(in_slack)) == []
    event = pagerduty.rendered(one, again=again)
    assert len(event["dedup_key"]) <= 255
    assert 1 <= len(event["payload"]["summary"]) <= 1024
    assert len(webhook.rendered(one)) < 20 * 1024
    title, text = apprise.rendered(one, 15_000, again=again)
    assert len(json.dumps(text)) <= 15_000
    assert "\n" not in title
    config = email.Params(host="mail.example", sender="health@us.example")
    raw = email.rendered(one, config, ["ann@us.example"], "k", datetime.now(UTC)).as_bytes()
    read = message_from_bytes(raw, policy=SMTP)
    assert [value for name, value in read.items() if name == "To"] == ["ann@us.example"]
    assert "Bcc" not in read


@pytest.mark.parametrize("name", FIVE)
def test_all_accounts_of_a_group_are_named(name):
    one = FIVE[name]
    numbers = [alert_.account[-8:-5] for alert_ in one.alerts[7:]]
    written = json.dumps(json.loads(slack.rendered(one)), ensure_ascii=False)
    for text in (body(one), written, webhook.rendered(one).decode()):
        assert all(f"Customer {number} GmbH" in text for number in numbers)
