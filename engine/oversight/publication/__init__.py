"""Published statistics: closed months as immutable editions that anybody may read, without small cells.

`counting` reads the figures of a month, `suppression` decides what is hidden, `editions` publishes and
corrects, `reading` returns what pages and the API show. See docs/statistics.md.
"""
