"""OpenID providers: who somebody is, by the word of another system.

It reads which providers an installation trusts, verifies their tokens, and sends browsers there and back.
Whose account that is, it does not know.
"""

from engine.identity.oidc.authorization_code import Departure, back, depart, farewell
from engine.identity.oidc.discovery import Remote
from engine.identity.oidc.provider import Person, Provider
from engine.identity.oidc.providers import Providers

__all__ = ["Departure", "Person", "Provider", "Providers", "Remote", "back", "depart", "farewell"]
