"""Group buys: which item to start one for, and whether it fills."""
