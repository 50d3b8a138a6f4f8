"""Orders of people by uplift, on trials: ours, single learners, lots, a placebo."""
