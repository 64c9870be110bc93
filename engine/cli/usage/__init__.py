"""How each command is called: its help and its arguments.

Only what is light is imported here, so that help and mistakes of usage need no part of the engine.
"""
