"""Stored states of every release. Each must load, continue and finish in every later one.

`python -m tests.golden RELEASE` writes the states of the present release; those of past releases never
change.
"""
