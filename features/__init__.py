"""What we know: events, counters, portraits, ties, online state."""
