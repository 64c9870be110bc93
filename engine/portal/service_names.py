"""The name of a service, as applicants see it everywhere: that in its service.toml, else the process's."""

from sqlalchemy import case, func, select

from engine.models import CatalogueEntry, DefinitionVersion

_FA, _EN = (CatalogueEntry.facts["name"][language].as_string() for language in ("fa", "en"))
_SAID = case((_FA == _EN, _FA), else_=func.concat(_FA, " | ", _EN))

# Of the version of a statement, written `Persian | English`.
SERVICE_NAME = func.coalesce(
    select(_SAID)
    .where(CatalogueEntry.version_id == DefinitionVersion.id)
    .correlate(DefinitionVersion)
    .scalar_subquery(),
    DefinitionVersion.name,
)
