"""Who will do what within the next days: one trainer for every such goal."""
