"""OpenID providers: other systems that confirm who people are.

Reads which providers an installation trusts, verifies their tokens, and sends browsers there and back. It
does not know the accounts of people.
"""

from engine.identity.oidc.authorization_code import Departure, back, depart, farewell
from engine.identity.oidc.discovery import Remote
from engine.identity.oidc.provider import Opens, Person, Provider
from engine.identity.oidc.providers import Providers

__all__ = ["Departure", "Opens", "Person", "Provider", "Providers", "Remote", "back", "depart", "farewell"]
