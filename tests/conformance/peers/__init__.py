"""Scenarios after assertions that Operaton publishes (many are Camunda's) and after the standard, redrawn.

The name of a row is that of the test or section; brackets distinguish its rows, or name a case of a
class whose tests have it in another form.
"""
