"""The ticks that a transaction writes, as whatever is derived from them gets them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pricefeed.columns import Column


@dataclass(frozen=True, slots=True)
class Written:
    """Sorted by security and, within each, as they arrived: by sequence, not always by time."""

    security: Column
    at: Column
    sequence: Column
    price: Column

    def __len__(self) -> int:
        return len(self.security)

    def where(self, mask: NDArray[np.bool_] | Column) -> "Written":
        """Those chosen by a mask, or by their places."""
        return Written(self.security[mask], self.at[mask], self.sequence[mask], self.price[mask])
