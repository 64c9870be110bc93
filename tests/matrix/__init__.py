"""What every construct of BPMN does here: one small diagram each, held to what the standard says.

A row of the table in docs/bpmn-support.md is a test of this package, in the order of its modules and tests.
`python -m tests.matrix` writes the table.
"""
