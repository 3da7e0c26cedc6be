"""The forms of names in columns, each read once, and the keys under which they are found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from health_pipeline.core.identity.columns import distinct_of
from health_pipeline.core.identity.likeness.bulk import (
    plain_initials,
    plain_labels,
    plain_texts,
)
from health_pipeline.core.identity.likeness.forms import Form, domain_forms, name_forms
from health_pipeline.core.identity.likeness.search import Words, search_keys, told_words

NAMES: dict[str, pl.DataType] = {"rec": pl.Int64(), "kind": pl.String(), "value": pl.String()}


FLAGS = ("several", "doubtful", "domain")
FORMS: dict[str, pl.DataType] = {
    "text": pl.String(),
    "initials": pl.String(),
    **dict.fromkeys(FLAGS, pl.Boolean()),
}
"""`Form` as columns: words and initials with blanks between, which neither holds."""

_READ = {"row": pl.Int64(), **FORMS}


@dataclass(frozen=True, slots=True)
class Forms:
    """What names are read as.

    Attributes:
        held: rec, form; each pair once.
        forms: `FORMS`, the form is the row; each once, however many names are read as it.
        names: how many readings of names there are, by which a word counts as common.
    """

    held: pl.DataFrame
    forms: pl.DataFrame
    names: int


def form_rows(forms: Iterable[tuple[int, Form]]) -> pl.DataFrame:
    """`FORMS` with row, a number of each."""
    rows = [
        (row, " ".join(f.words), " ".join(f.initials), f.several, f.doubtful, f.domain)
        for row, f in forms
    ]
    return pl.DataFrame(rows, schema=_READ, orient="row")


def forms_of(names: pl.DataFrame) -> Forms:
    """Each distinct value read once; plain ones, which most are, as columns.

    Args:
        names: rec, kind (name, domain), value; each row once.
    """
    names = names.drop_nulls(("kind", "value"))
    both = names.select(pl.concat_str("kind", "value", separator=":")).to_series()
    _, of_value = distinct_of(both)
    values = names.select("kind", "value").filter(of_value.is_first_distinct())
    values = values.with_columns(
        pl.when(pl.col("kind") != "domain").then(plain_texts(values["value"])).alias("text"),
        pl.when(pl.col("kind") == "domain").then(plain_labels(values["value"])).alias("label"),
        pl.int_range(pl.len()).alias("row"),
    )
    row = values["row"]
    texts, of_text = distinct_of(values["text"].drop_nulls())
    labels, of_label = distinct_of(values["label"].drop_nulls())
    plain = pl.concat(
        [
            _plain(texts, plain_initials(texts), domain=False),
            _plain(labels, pl.Series([""]).new_from_index(0, len(labels)), domain=True),
        ]
    ).with_columns(pl.int_range(pl.len()).alias("form"))
    alone = pl.col("text").is_null() & pl.col("label").is_null()
    single = form_rows(
        (row, form)
        for row, kind, value in values.filter(alone).select("row", "kind", "value").iter_rows()
        for form in (domain_forms(value) if kind == "domain" else name_forms(value))
    )
    further = (
        single.select(*FORMS).unique(maintain_order=True).join(plain, on=list(FORMS), how="anti")
    )
    first = pl.int_range(plain.height, plain.height + pl.len()).alias("form")
    forms = pl.concat([plain, further.with_columns(first)])
    told = pl.concat(
        [
            pl.DataFrame({"row": row.filter(values["text"].is_not_null()), "form": of_text}),
            pl.DataFrame(
                {"row": row.filter(values["label"].is_not_null()), "form": of_label + len(texts)}
            ),
            single.join(forms, on=list(FORMS)).select("row", "form"),
        ],
        how="vertical_relaxed",
    )
    held = names.select("rec", of_value.cast(pl.Int64).alias("row")).join(told, on="row")
    return Forms(held.select("rec", "form").unique(), forms.drop("form"), held.height)


def _plain(texts: pl.Series, initials: pl.Series, *, domain: bool) -> pl.DataFrame:
    """`FORMS` of words that are the only thing to be told of a value."""
    flags = {"several": False, "doubtful": False, "domain": domain}
    columns = pl.DataFrame({"text": texts, "initials": initials})
    return columns.with_columns(pl.lit(value).alias(name) for name, value in flags.items())


def common_words(forms: pl.DataFrame, names: int) -> frozenset[str]:
    """Words that follow so many different first words that they tell no company.

    Args:
        forms: `FORMS` of the data at hand.
        names: how many names they came from; a word must follow max(6, √names / 3) first words.
    """
    words = forms.filter(~pl.col("several")).select(pl.col("text").str.split(" ").alias("word"))
    first = pl.col("word").list.first().alias("first")
    after = words.select(first, pl.col("word").list.slice(1)).explode("word").drop_nulls().unique()
    counts = after.group_by("word").len("firsts")
    many = counts.filter(pl.col("firsts") >= max(6.0, names**0.5 / 3))["word"]
    # Site 12 and site 80 are two, however many sites there are.
    return frozenset(word for word in many.to_list() if not word.isdigit())


@dataclass(frozen=True, slots=True)
class Keys:
    """What forms are found by.

    Attributes:
        found: row, form, how, key.
        words: what each key was made of, for `leftovers`.
        places: row, words, since, until, glued: the words that a key covers, and what it cut off.
    """

    found: pl.DataFrame
    words: Words
    places: pl.DataFrame

    def leftovers(self, rows: pl.Series) -> pl.DataFrame:
        """row, rest (the words that a key leaves over), rare, trade, soft, place of `rows`."""
        wanted = np.zeros(self.places.height, dtype=np.bool_)
        wanted[rows.to_numpy()] = True
        return self.words.leftovers(self.places.filter(pl.Series(wanted, dtype=pl.Boolean)))


def keys_of(forms: pl.DataFrame, common: Collection[str]) -> Keys:
    """All keys of forms; those of equal words are made once.

    Args:
        forms: `FORMS`.
        common: `common_words` of them.
    """
    read = forms.select("text", "initials")
    # Neither holds such a sign.
    _, place = distinct_of(read.select(pl.concat_str(pl.all(), separator="\0")).to_series())
    of_words = place.alias("words").to_frame().with_columns(pl.int_range(pl.len()).alias("form"))
    distinct = read.filter(place.is_first_distinct())
    words = told_words(distinct, common)
    keys = of_words.join(search_keys(words), on="words").with_row_index("row")
    places = keys.select("row", "words", "since", "until", "glued")
    return Keys(keys.select("row", "form", "how", "key"), words, places)


def respelt(words: pl.Series) -> pl.DataFrame:
    """Keys of near spellings: each word, and it with each single letter left out.

    Returns:
        word (its place), key (a hash); some of them more than once.
    """
    letters = words.str.len_chars()
    parts = [pl.DataFrame({"key": words.hash()}).with_row_index("word")]
    for at in range(int(letters.max() or 0)):  # type: ignore[arg-type]
        rows = (letters > at).arg_true()
        long = words.gather(rows)
        less = (long.str.head(at) + long.str.slice(at + 1)).hash()
        parts.append(pl.DataFrame({"word": rows, "key": less}))
    return pl.concat(parts)
