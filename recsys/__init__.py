"""What we choose: sources, rankers, rules; one file for each capability."""
