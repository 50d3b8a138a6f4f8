"""Models of a whole interaction matrix; one file each, all with ``fit`` and ``recommend``."""
