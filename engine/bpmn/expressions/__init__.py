"""Scripts and expressions as texts: their languages, and the variables they use. Runs no script."""
