"""Refreshing every few days beside training anew, over a rolling split of time."""
