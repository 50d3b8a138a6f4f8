"""Who may be proposed to somebody: people met, people they met, people an item may suit."""
