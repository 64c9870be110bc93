"""Generates the typed parts of both clients from the OpenAPI document of the application.

One reader of the document and one writer for each language, so that both clients have the same methods under
the same names. It knows the document that this API has, not all of OpenAPI: what it can't express becomes
`Any` or `unknown`, and is reported.
"""
