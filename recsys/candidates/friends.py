"""What close friends bought, collected, shared: goods find people through people."""

import numpy as np

from recsys.moment import Moment
from recsys.slate import Slate


class Friends:
    """Items by the decayed deeds of friends, weighted by the strength of the tie."""

    name = "friends"

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items friends did most with; nothing for somebody without friends."""
        friends = moment.friends
        order = np.argsort(-friends.score, kind="stable")[:n]
        order = order[friends.score[order] > 0]
        return Slate.of(friends.codes[order], friends.score[order], self.name)
