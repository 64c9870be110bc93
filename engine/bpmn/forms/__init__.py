"""Reads forms in the three dialects of process files into one: a JSON Schema with hints for drawing.

SpiffArena's JSON Schema and UI schema, Camunda 7's formData, and form-js. Checks no diagram.
"""

from engine.bpmn.forms.answers import normalised
from engine.bpmn.forms.documents import (
    Accepted,
    Named,
    accepted,
    document_field,
    document_fields,
    documents_in,
    mib,
    unusable_limit,
)
from engine.bpmn.forms.fields import DOCUMENT_KINDS, Choice, Field, Text, text
from engine.bpmn.forms.form import FORMATS, MASK, READ_ONLY, Form, unchecked, validator
from engine.bpmn.forms.languages import in_language
from engine.bpmn.forms.parts import choices, objects_in
from engine.bpmn.forms.reading import (
    SUFFIXES,
    Problem,
    converted,
    file_of,
    names,
    read,
    required,
    schema_of,
    schemas,
)
from engine.bpmn.forms.roles import (
    for_roles,
    for_some,
    named,
    nested,
    secret_names,
    unenforceable,
    unseen,
    visible,
    without,
)

__all__ = [
    "DOCUMENT_KINDS",
    "FORMATS",
    "MASK",
    "READ_ONLY",
    "SUFFIXES",
    "Accepted",
    "Choice",
    "Field",
    "Form",
    "Named",
    "Problem",
    "Text",
    "accepted",
    "choices",
    "converted",
    "document_field",
    "document_fields",
    "documents_in",
    "file_of",
    "for_roles",
    "for_some",
    "in_language",
    "mib",
    "named",
    "names",
    "nested",
    "normalised",
    "objects_in",
    "read",
    "required",
    "schema_of",
    "schemas",
    "secret_names",
    "text",
    "unchecked",
    "unenforceable",
    "unseen",
    "unusable_limit",
    "validator",
    "visible",
    "without",
]
