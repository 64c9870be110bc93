"""Analyses files without running them: findings, known variables, requirements and references."""
