"""Rules: what may not be shown, and why."""
