"""Share targets, beside counting former openers."""
