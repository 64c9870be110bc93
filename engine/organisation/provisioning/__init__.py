"""People and units that another system, such as a directory of staff, maintains here.

The system is a service account whose token names the scope `people.provision`, and it sees the people and
units that the memberships of its account cover. It makes no administrators, changes no national ID of an
account that may have acted, and reopens only what it closed itself. All it does is in the administration log.
"""

from engine.organisation.provisioning.people import Member, Person, Wanted, create, get, page, remove, replace
from engine.organisation.provisioning.records import PAGE, Window
from engine.organisation.provisioning.units import (
    NewGroup,
    UnitView,
    close_unit,
    create_unit,
    get_unit,
    page_of_units,
    replace_unit,
)

__all__ = [
    "PAGE",
    "Member",
    "NewGroup",
    "Person",
    "UnitView",
    "Wanted",
    "Window",
    "close_unit",
    "create",
    "create_unit",
    "get",
    "get_unit",
    "page",
    "page_of_units",
    "remove",
    "replace",
    "replace_unit",
]
