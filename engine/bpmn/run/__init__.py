"""Runs cases on SpiffWorkflow: commands, bytes and an instant in, a `Step` out.

The only package that uses SpiffWorkflow.
"""
