"""Client of Parvandeh, a case engine for public services: typed calls, and what callers need around them."""

from parvandeh_client.answers import Content, Document, Tag, Upload, etag_of
from parvandeh_client.client import Client
from parvandeh_client.generated import models
from parvandeh_client.problems import (
    Conflict,
    FieldFault,
    Forbidden,
    Invalid,
    NotFound,
    ParvandehError,
    Problem,
    Stale,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from parvandeh_client.tokens import ClientCredentials, TokenRefused
from parvandeh_client.webhooks import Event, Rejected, Webhook

__all__ = [
    "Client",
    "ClientCredentials",
    "Conflict",
    "Content",
    "Document",
    "Event",
    "FieldFault",
    "Forbidden",
    "Invalid",
    "NotFound",
    "ParvandehError",
    "Problem",
    "Rejected",
    "Stale",
    "Tag",
    "TokenRefused",
    "Unauthorized",
    "Unavailable",
    "Unreachable",
    "Upload",
    "Webhook",
    "etag_of",
    "models",
]
