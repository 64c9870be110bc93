"""SCIM 2 (RFC 7643, RFC 7644): a directory of staff maintains people and units here.

Under /scim/v2, with a token that names the scope `people.provision`. Not in the OpenAPI document: the
protocol describes itself (`/Schemas`, `/ResourceTypes`, `/ServiceProviderConfig`).
"""

from api.scim.resources import PREFIX
from api.scim.views import blueprint

__all__ = ["PREFIX", "blueprint"]
