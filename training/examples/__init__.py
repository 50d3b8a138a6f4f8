"""Examples as of their own time: features as they were, labels as they came."""
