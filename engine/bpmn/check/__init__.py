"""The rules for checking uploaded files before any of them runs.

Each module contains the rules on one subject and records findings; `engine.bpmn.analysis.checking` calls
them.
"""
