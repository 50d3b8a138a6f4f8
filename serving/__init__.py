"""How we answer: the HTTP service, loading, guards."""
