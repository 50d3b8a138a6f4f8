"""How we learn: examples, metrics, runs, tracking, promotion."""
