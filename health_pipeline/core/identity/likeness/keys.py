"""The forms of names in columns, each read once, and the keys under which they are found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.identity.likeness.bulk import plain_texts
from health_pipeline.core.identity.likeness.forms import (
    Form,
    domain_forms,
    name_forms,
    plain_form,
)
from health_pipeline.core.identity.likeness.search import Words, search_keys, told_words

NAMES: dict[str, pl.DataType] = {"rec": pl.Int64(), "kind": pl.String(), "value": pl.String()}


@dataclass(frozen=True, slots=True)
class Forms:
    """What names are read as.

    Attributes:
        held: rec, form; each pair once.
        forms: by that number, each once, however many names are read as it.
        names: how many readings of names there are, by which a word counts as common.
    """

    held: pl.DataFrame
    forms: list[Form]
    names: int


def forms_of(names: pl.DataFrame) -> Forms:
    """Each distinct value read once.

    Args:
        names: rec, kind (name, domain), value; each row once.
    """
    values = names.select("kind", "value").unique(maintain_order=True).drop_nulls()
    values = values.with_columns(
        pl.when(pl.col("kind") != "domain").then(plain_texts(values["value"])).alias("text"),
        pl.int_range(pl.len()).alias("row"),
    )
    numbers: dict[Form, int] = {}
    texts = values["text"].drop_nulls().unique(maintain_order=True)
    of_text = [numbers.setdefault(plain_form(text), len(numbers)) for text in texts.to_list()]
    in_bulk = pl.DataFrame({"text": texts, "form": pl.Series(of_text, dtype=pl.Int64)})
    rows: list[int] = []
    of_row: list[int] = []
    single = values.filter(pl.col("text").is_null()).select("row", "kind", "value")
    for row, kind, value in single.iter_rows():
        for form in domain_forms(value) if kind == "domain" else name_forms(value):
            rows.append(row)
            of_row.append(numbers.setdefault(form, len(numbers)))
    read = pl.DataFrame({"row": rows, "form": of_row}, schema={"row": pl.Int64, "form": pl.Int64})
    told = pl.concat(
        [values.join(in_bulk, on="text").select("row", "form"), read]
    )  # a form for each reading
    held = (
        names.select("rec", "kind", "value")
        .join(values.select("row", "kind", "value"), on=("kind", "value"))
        .join(told, on="row")
    )
    return Forms(held.select("rec", "form").unique(), list(numbers), held.height)


@dataclass(frozen=True, slots=True)
class Keys:
    """What forms are found by.

    Attributes:
        found: row, form, how, key.
        words: what each key was made of, for `leftovers`.
        places: row, words, since, until, soft: the words that a key covers.
    """

    found: pl.DataFrame
    words: Words
    places: pl.DataFrame

    def leftovers(self, rows: pl.Series) -> pl.DataFrame:
        """row, rest (the words that a key leaves over), rare, trade, soft, place of `rows`."""
        wanted = self.places.filter(pl.col("row").is_in(rows.unique().implode()))
        return self.words.leftovers(wanted)


def keys_of(forms: list[Form], common: Collection[str]) -> Keys:
    """All keys of forms; those of equal words are made once.

    Args:
        forms: `forms_of`.
        common: `common_words` of them.
    """
    numbers: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    of_form = [numbers.setdefault((form.words, form.initials), len(numbers)) for form in forms]
    words = told_words([one for one, _ in numbers], [two for _, two in numbers], common)
    shape = {"form": pl.Int64, "words": pl.Int64}
    of_words = pl.DataFrame({"form": range(len(forms)), "words": of_form}, schema=shape)
    keys = of_words.join(search_keys(words), on="words").with_row_index("row")
    places = keys.select("row", "words", "since", "until", "glued")
    return Keys(keys.select("row", "form", "how", "key"), words, places)


def flags_frame(forms: list[Form]) -> pl.DataFrame:
    """Form, several, doubtful, domain."""
    shape = {"form": pl.Int64(), **dict.fromkeys(("several", "doubtful", "domain"), pl.Boolean())}
    rows = [(i, form.several, form.doubtful, form.domain) for i, form in enumerate(forms)]
    return pl.DataFrame(rows, schema=shape, orient="row")


def respelt(words: pl.Series) -> pl.DataFrame:
    """Keys of near spellings: each word, and it with each single letter left out.

    Returns:
        spelt (the word), key (a hash).
    """
    rows = pl.DataFrame({"spelt": words.unique()})
    word, longest = pl.col("spelt"), int(rows["spelt"].str.len_chars().max() or 0)  # type: ignore[arg-type]
    without = [
        rows.filter(word.str.len_chars() > i).with_columns(
            (word.str.slice(0, i) + word.str.slice(i + 1)).hash().alias("key")
        )
        for i in range(longest)
    ]
    return pl.concat([rows.with_columns(word.hash().alias("key")), *without]).unique()
