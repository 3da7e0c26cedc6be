"""How four systems spell one invented company, and what its domain looks like in each.

No name here is meant to be a real company; all domains lie under the reserved `.example`.
"""

from __future__ import annotations

import unicodedata

import numpy as np

_WORDS = """
Norvane Talvera Quillmar Brandeza Ostwick Lumerra Fenwold Carrowin Delmarra Hexbury Ivoline Jorvale
Kestmoor Larkvane Mirrowen Nettaby Orsolind Pellwyn Quorrin Ravelle Sorrimoor Tavenor Ulverdane
Varnholt Wexmere Yarrowby Zellmont Ambrevale Bexhollow Corvantis Dunmarrow Eskvale Élvanor
Fjällmora Göstrand Peñavera Façonelle Ürnbach Hollinvar Glimmory Jasperel Kadrona Lissandor
Mavrelle Noxwell Opaline Prestova Rosmarin
"""
STEMS = tuple(_WORDS.split())
TRADES = {
    "Robotics": "Manufacturing",
    "Logistics": "Transport",
    "Foods": "Consumer goods",
    "Analytics": "Software",
    "Textiles": "Manufacturing",
    "Health": "Healthcare",
    "Energy": "Utilities",
    "Insurance": "Financial services",
    "Payments": "Financial services",
    "Media": "Media",
    "Travel": "Travel",
    "Learning": "Education",
    "Materials": "Manufacturing",
    "Freight": "Transport",
    "Gardens": "Retail",
    "Optics": "Manufacturing",
    "Pharma": "Healthcare",
    "Motors": "Manufacturing",
    "Homes": "Real estate",
    "Outdoors": "Retail",
    "Security": "Software",
    "Printing": "Services",
}
LEGAL_FORMS = {
    "AMER": ("Inc.", "LLC", "Corp."),
    "EMEA": ("GmbH", "Ltd", "S.A.", "B.V.", "AB"),
    "APAC": ("Pty Ltd", "Pte. Ltd.", "K.K."),
}
FREE_MAIL_DOMAINS = ("freemail.example", "webmail.example")
"""Mailbox providers of the sample world: they never identify a company."""


def company(seed_order: np.ndarray, number: int) -> tuple[str, str]:
    """Stem and trade of company `number`; distinct below `len(STEMS) * len(TRADES)`.

    `seed_order` is a permutation of all combinations.
    """
    stem, trade = divmod(int(seed_order[number]), len(TRADES))
    return STEMS[stem], tuple(TRADES)[trade]


def plain(name: str) -> str:
    """`name` without accents."""
    split = unicodedata.normalize("NFKD", name)
    return "".join(c for c in split if not unicodedata.combining(c))


def registered_domain(name: str) -> str:
    """`Élvanor Foods` → `elvanor-foods.example`."""
    return plain(name).lower().replace(" ", "-") + ".example"


def abbreviation(name: str, number: int) -> str:
    """A spelling that no rule can undo: `NRV site 17`."""
    consonants = [c for c in plain(name).upper() if c.isalpha() and c not in "AEIOUY"]
    return f"{''.join(consonants[:3])} site {number}"


def spelled(name: str, legal_form: str, system: str, u: float) -> str:
    """How `system` writes the company; `u` in [0, 1) chooses among its habits.

    All spellings agree once case, accents, punctuation, a leading "The" and the legal form go.
    """
    habits = {
        "product": (name, name.lower(), plain(name)),
        "crm": (f"{name}, {legal_form}", f"{name} {legal_form}", f"The {name} {legal_form}"),
        "support": (plain(name), f"The {name}", plain(name).upper(), f"{name}."),
        "billing": (
            f"{name} {legal_form}".upper(),
            f"{plain(name)} {legal_form.replace('.', '')}",
            f"{name}  {legal_form}",
        ),
    }[system]
    return habits[int(u * len(habits))]


def spelled_domain(domain: str, system: str, u: float) -> str:
    """How `system` writes the domain; `u` in [0, 1) chooses among its habits."""
    habits = {
        "product": (domain, domain, f"app.{domain}"),
        "crm": (domain, f"www.{domain}", f"https://www.{domain}/", domain.upper()),
        "support": (f"help.{domain}", domain, f"www.{domain}"),
        "billing": (domain, f"http://{domain}"),
    }[system]
    return habits[int(u * len(habits))]
