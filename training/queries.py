"""Who asks when: the questions that a history is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from features import columns as c
from features.clock import Int64s


@dataclass(frozen=True)
class Queries:
    """Who asks when.

    Parameters
    ----------
    users : sequence of str, length q
        People.
    at_us : ndarray, int64, shape (q,)
        Instants; only what came strictly before is known.
    """

    users: Sequence[str]
    at_us: Int64s

    def __len__(self) -> int:
        return len(self.users)

    def table(self) -> pa.Table:
        """Rows ``query``, ``user_id``, ``asked_us``."""
        return pa.table({
            "query": np.arange(len(self)),
            c.USER: pa.array(self.users, pa.string()),
            "asked_us": self.at_us,
        })
