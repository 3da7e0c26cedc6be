"""On which of the latest days each account did anything: one bit a day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

MASK_DAYS = 63
"""Days of one mask: a number of 64 bits with a sign keeps these."""

MASKS = 2
MASKED_DAYS = MASK_DAYS * MASKS
"""18 weeks."""

WORDS, BITS = 3, 64
"""Days held: `MASKED_DAYS`, and the 34 by which a window may end earlier, lie within."""


class ActiveDays:
    """The latest 192 days of all accounts; bit n of word w is the day 64 × w + n days ago."""

    def __init__(self, accounts: int) -> None:
        self.words = np.zeros((WORDS, accounts), dtype=np.uint64)

    def turn(self) -> None:
        """A day begins: every bit is one day older."""
        one, rest = np.uint64(1), np.uint64(BITS - 1)
        for word in range(WORDS - 1, 0, -1):
            self.words[word] = (self.words[word] << one) | (self.words[word - 1] >> rest)
        self.words[0] <<= one

    def add(self, account: npt.NDArray[np.int32], back: npt.NDArray[np.int32]) -> None:
        """The accounts did something so many days ago."""
        held = back < WORDS * BITS
        account, back = account[held], back[held]
        bit = np.uint64(1) << (back % BITS).astype(np.uint64)
        np.bitwise_or.at(self.words, (back // BITS, account), bit)

    def mask(self, back: int) -> Ints:
        """Bit n: something was done `back` + n days ago, for n below `MASK_DAYS`."""
        word, shift = divmod(back, BITS)
        found = self.words[word] >> np.uint64(shift)
        if shift:
            found = found | (self.words[word + 1] << np.uint64(BITS - shift))
        return np.asarray(found & np.uint64(2**MASK_DAYS - 1)).astype(np.int64)

    def columns(self, lag: int) -> dict[str, Ints]:
        """The masks and the number of days of the windows that ended `lag` days ago."""
        masks = [self.mask(lag + MASK_DAYS * n) for n in range(MASKS)]
        month = np.bitwise_count(masks[0] & (2**30 - 1)).astype(np.int64)
        return {
            "active_days_30d": month,
            **{f"active_mask_{n}": mask for n, mask in enumerate(masks)},
        }
