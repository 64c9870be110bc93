"""Processes as drawn: their graph, scripts and expressions, and which variables each element uses."""
