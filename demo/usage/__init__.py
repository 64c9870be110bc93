"""How each command of the demonstration is called."""
