"""Subclasses of SpiffWorkflow's elements that follow the standard where the library doesn't."""
