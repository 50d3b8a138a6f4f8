"""Which sources find the right items, and how they are blended: searched, fitted, judged."""
