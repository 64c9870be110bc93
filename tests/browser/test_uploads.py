"""Files in forms with JavaScript: in parts, with their progress, and on after a connection was lost."""

import re
from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import FilePayload, Page, Request, Route, expect

from demo.installation import Installation
from tests import bpmn, factories, filed
from tests.browser import visits
from tests.browser.visits import Check, Shot, Visits

HEAVIEST = 150_000
PART = 512 << 10
DEED = {"type": "string", "format": "document", "x-accept": ["pdf"], "title": "سند مالکیت | Title deed"}
PHOTOS = {
    "type": "array",
    "title": "عکس‌های ملک | Photos of the building",
    "items": {"type": "string", "format": "document", "x-accept": ["jpeg", "png"]},
}


def a_service(page: Page, installation: Installation) -> str:
    """One that asks for documents; its key."""
    key = f"p{uuid4().hex[:8]}"
    body = [
        bpmn.node("startEvent", "start", camunda__formKey="f.json"),
        bpmn.node("userTask", "look"),
        bpmn.node("endEvent", "end"),
        bpmn.flow("start", "look"),
        bpmn.flow("look", "end"),
    ]
    named = 'isExecutable="true" name="پروانهٔ ساختمان | Building permit"'
    diagram = bpmn.process(*body, key=key, attributes=named)
    files = factories.files(diagram, f=factories.form(("deed",), deed=DEED, photos=PHOTOS))
    visits.deploy(page, installation.tokens["administrator"], files)
    installation.expect(200, "administrator", "POST", f"/definitions/{key}/offer", {})
    return key


def a_pdf(size: int) -> bytes:
    """A file of this size, of which there is no other."""
    text = b"%" + uuid4().hex.encode() + b"x" * 991 + b"\n"
    return filed.pdf(text * (size // len(text)))


class Cut:
    """A network on which the fourth part of an upload does not arrive, nor what is asked about it."""

    def __init__(self, page: Page) -> None:
        self.offsets: list[int] = []
        self.broken: list[str] = []
        page.route(re.compile("/uploads/"), self._handle)

    def _handle(self, route: Route, request: Request) -> None:
        sent = (request.post_data_buffer or b"").decode("latin-1")
        if len(self.offsets) >= 3 and len(self.broken) < 2:
            self.broken.append(request.url)
            route.abort("connectionreset")
            return
        if found := re.search(r'name="offset"\r\n\r\n(\d+)', sent):
            self.offsets.append(int(found[1]))
        route.continue_()


def upload_deed(page: Page, shot: Shot) -> None:
    """A file of several parts, over a network that is cut."""
    network = Cut(page)
    deed: FilePayload = {"name": "سند.pdf", "mimeType": "application/pdf", "buffer": a_pdf(5 * PART)}
    block = page.locator("[data-field='/deed']")
    block.locator("input[type=file]").set_input_files(deed)
    expect(block.get_by_text("ارتباط قطع شد")).to_be_visible()
    page.locator("main form .primary").click()  # it is held until the file is there
    expect(block.get_by_text("هنوز تمام نشده")).to_be_visible()
    shot(page, "uploads-cut")
    expect(block.locator("input[name='data/deed']")).to_have_count(1, timeout=20_000)
    assert network.offsets == [number * PART for number in range(5)], "nothing was sent twice"
    assert len(network.broken) == 2
    # The same file again is there once.
    block.locator("input[type=file]").set_input_files(deed)
    expect(block.get_by_text("تنها یک بار")).to_be_visible()
    block.locator("li:not(:has(input)) button").click()


def upload_photos(page: Page) -> None:
    """Several at once; a program is refused without affecting the others, and one is removed again."""
    photos = page.locator("[data-field='/photos']")
    kept = photos.locator("input[name='data/photos']")
    program: FilePayload = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": filed.EXE}
    pictures: list[FilePayload] = [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": filed.png(10, number)}
        for number in (10, 20)
    ]
    photos.locator("input[type=file]").set_input_files([program, *pictures])
    expect(kept).to_have_count(2)
    expect(photos.locator(".wrong")).to_contain_text("برنامهٔ اجرایی")
    photos.locator("li:has(input) button").first.click()
    expect(kept).to_have_count(1)


def test_an_upload_continues_after_a_lost_connection(
    visit: Visits, installation: Installation, check: Check, shot: Shot, weight: Callable[[Page], int]
) -> None:
    page = visit("fa", "phone", account="applicant")
    key = a_service(page, installation)
    before = weight(page)
    page.goto(f"/services/{key}/apply/1")
    assert weight(page) - before <= HEAVIEST
    upload_deed(page, shot)
    upload_photos(page)
    check(page)
    shot(page, "uploads-form")
    page.locator("main form .primary").click()
    expect(page).to_have_url(re.compile("/check$"))
    expect(page.locator("main")).to_contain_text("سند.pdf")
    check(page)
    page.locator("main form .primary").click()
    expect(page).to_have_url(re.compile("/begun$"))
    faults = visit.of(page).faults
    lost = [fault for fault in faults if "ERR_CONNECTION_RESET" in fault]
    assert len(lost) == 2
    faults[:] = [fault for fault in faults if fault not in lost]
