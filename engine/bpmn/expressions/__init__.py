"""Scripts and expressions as texts: their languages, what they read and set. Runs no script."""
