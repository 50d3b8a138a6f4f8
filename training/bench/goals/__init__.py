"""Goals foretold on public sets, beside what one would sort by without a model."""
