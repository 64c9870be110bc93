"""Published statistics: closed months as immutable editions that anybody may read, rounded by a secret.

`counting` reads the figures of a month, `rounding` decides what is published instead, `editions`
publishes and corrects, `reading` returns what pages and the API show. See docs/statistics.md.
"""
