"""What friends are buying together right now and one may join."""

from recsys.moment import Moment
from recsys.slate import Slate


class Grouped:
    """Items of open group buys of close friends, the closest first."""

    name = "friends_groups"

    def propose(self, moment: Moment, n: int) -> Slate:
        """Items that friends have open group buys of; nothing where serving knows of none."""
        groups = moment.groups
        return Slate.of(groups.codes[:n], groups.score[:n], self.name)
