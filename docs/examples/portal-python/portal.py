"""A whole small portal: citizens apply for a service, follow the case, correct answers, read the decision.

A real portal knows its visitors by a login and stores their cases; this one stores them in a cookie.
"""

import json
import os
import re
from typing import Any
from uuid import uuid4

from flask import Flask, abort, redirect, render_template_string, request, session
from parvandeh_client import Client, Conflict, Invalid, ParvandehError, Problem, Upload, etag_of, webhooks

LANGUAGE: Any = os.environ.get("PORTAL_LANGUAGE", "fa")
SERVICE = os.environ.get("PORTAL_SERVICE", "address-change")
PERSON = os.environ.get("PORTAL_PERSON", "national_id")  # the field with the applicant's national ID
JSON = re.compile(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?")
WORDS = {
    "fa": {"send": "ارسال", "number": "شمارهٔ پرونده", "decision": "تصمیم", "wrong": "خطاها را اصلاح کنید."},
    "en": {"send": "Send", "number": "Case number", "decision": "Decision", "wrong": "Correct the errors."},
}[LANGUAGE]
WORDS["again"] = "درخواست دیگر" if LANGUAGE == "fa" else "Apply again"
PAGE = """<!doctype html><html lang="{{ language }}" dir="{{ 'rtl' if language == 'fa' else 'ltr' }}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ title }}</title>
<style>body { max-width: 40rem; margin: auto; padding: 1rem; font-family: sans-serif }
label, input, select, button { display: block; margin-block: .3rem; max-width: 100%; font: inherit }
.wrong { color: #b00020 }</style><main><h1>{{ title }}</h1>
{% if message %}<p class="wrong" role="alert">{{ message }}</p>{% endif %}
{% if status %}<p>{{ words.number }}: <bdi id="number">{{ status.case_number }}</bdi></p>
<p id="status">{{ status.text }}</p>{% if status.decision %}<h2>{{ words.decision }}</h2>
<p id="decision">{{ status.decision.outcome }}</p>{% for ground in status.decision.grounds %}
<p>{{ ground.title }}: {{ ground.text }}</p>{% endfor %}{% endif %}{% endif %}{% for form in forms %}
<form method="post" action="{{ form.action }}" enctype="multipart/form-data"><p>{{ form.text }}</p>
<input type=hidden name="_key" value="{{ form.key }}"><input type=hidden name="_tag" value="{{ form.tag }}">
{% for name, one in form.schema.properties.items() %}<label for="{{ name }}">
{{ one.get("x-i18n", {}).get(language, one).title or name }}</label>
{% if form.marks["/" + name] %}<p class="wrong">{{ form.marks["/" + name] }}</p>{% endif %}
{% if one.enum %}<select id="{{ name }}" name="{{ name }}"><option></option>{% for value in one.enum %}
<option value="{{ value }}"{% if form.given[name] == value %} selected{% endif %}>
{{ (one.enumNames or one.enum)[loop.index0] }}</option>{% endfor %}</select>
{% else %}<input id="{{ name }}" name="{{ name }}" value="{{ form.given[name] or '' }}"
type="{{ 'file' if one.format == 'document' else 'text' }}">{% endif %}{% endfor %}
<button name="_{{ form.again }}">{{ words[form.again or "send"] }}</button></form>{% endfor %}</main>"""

client = Client(os.environ["PARVANDEH_URL"], os.environ["PARVANDEH_TOKEN"]).acting(language=LANGUAGE)
webhook = webhooks.Webhook(os.environ["WEBHOOK_SECRET"].split())  # two, while the secret is being replaced
seen: set[str] = set()  # ids of events; a real portal stores them
app = Flask(__name__)
app.secret_key = os.environ["PORTAL_SECRET"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"  # forms of other sites are sent without the cookie


def show(title: str, forms: list[Any], status: Any = None, message: str = "", code: int = 200) -> Any:
    shown = {"title": title, "forms": forms, "status": status, "message": message}
    return render_template_string(PAGE, language=LANGUAGE, words=WORDS, **shown), code


def form_of(action: str, form: Any, given: Any, marks: Any, **more: Any) -> Any:
    schema = form["schema"] if form else {"properties": {}}  # some tasks have no form
    return {"schema": schema, "key": str(uuid4()), "given": given, "marks": marks, "action": action, **more}


def answers(form: Any, place: Any) -> dict[str, Any]:
    """Return what the visitor typed, in the types of the form; uploads files."""
    data: dict[str, Any] = {}
    for name, field in form["schema"]["properties"].items() if form else ():
        file, text = request.files.get(name), request.form.get(name, "").strip()
        if file and file.filename:
            upload: Any = {"file": Upload(file.filename, file.read(), file.mimetype), "field": f"/{name}"}
            data[name] = client.staging.upload(upload | place)["id"]
        elif text:
            data[name] = json.loads(text) if field.get("type") != "string" and JSON.fullmatch(text) else text
    return data


def marks_of(refused: Problem) -> dict[str, str]:
    return {fault.pointer.removeprefix("/data"): fault.detail for fault in refused.errors}


@app.route("/", methods=["GET", "POST"])
def apply() -> Any:
    service: Any = client.start_forms.read_form(SERVICE)
    if request.method == "GET":
        return show(service["name"], [form_of("/", service["form"], {}, {})])
    try:
        data = answers(service["form"], {"definition": SERVICE})
        start: Any = {"definition": SERVICE, "data": data, "applicant": data.get(PERSON)}
        acting = client.acting(on_behalf_of=data.get(PERSON))
        start["confirm_duplicate"] = "_again" in request.form  # there is an open case: another one is meant
        case = acting.cases.start(start, idempotency_key=request.form["_key"])  # sent twice, it starts one
    except (Conflict, Invalid) as refused:
        again = "again" if refused.state.get("confirmable") else ""
        form = form_of("/", service["form"], request.form, marks_of(refused), again=again)
        text = WORDS["wrong"] if refused.errors else refused.detail
        return show(service["name"], [form], message=text, code=refused.status)
    session["cases"] = {**session.get("cases", {}), case["id"]: [case["case_number"], case["secret"]]}
    return redirect(f"/cases/{case['id']}", 303)


@app.get("/cases/<case_id>")
def follow(case_id: str, marks: Any = None, message: str = "") -> Any:
    number, secret = session.get("cases", {}).get(case_id) or abort(404)
    status = client.status.read({"case_number": number, "secret": secret, "language": LANGUAGE})
    forms = []
    for listed in client.tasks.list_all(case=case_id, status="open"):
        task = client.tasks.show(listed["id"])
        asked: Any = task["asked"] or {"text": "", "fields": []}  # of a correction: what is wrong
        wrong = {mark["pointer"]: mark["text"] for mark in asked["fields"]} | (marks or {})
        action = f"/cases/{case_id}/tasks/{task['id']}"
        given = task["data"] | request.form.to_dict()  # what was typed, if it was refused
        forms.append(form_of(action, task["form"], given, wrong, tag=etag_of(task), text=asked["text"] or ""))
    return show(status["service"], forms, status, message, 422 if message else 200)


@app.post("/cases/<case_id>/tasks/<task_id>")
def answer(case_id: str, task_id: str) -> Any:
    task: Any = client.tasks.show(task_id)
    if case_id not in session.get("cases", {}) or task["case"] != case_id:
        abort(404)
    try:
        data = answers(task["form"], {"task": task_id})
        key = request.form["_key"]
        client.tasks.complete(task_id, {"data": data}, if_match=request.form["_tag"], idempotency_key=key)
    except Invalid as refused:
        return follow(case_id, marks_of(refused), WORDS["wrong"])
    return redirect(f"/cases/{case_id}", 303)


@app.post("/hook")
def hook() -> Any:
    try:
        event = webhook.verify(request.headers, request.get_data())
    except webhooks.Rejected as refused:
        return str(refused), 401
    if event.id not in seen:  # the same event may come again
        seen.add(event.id)
        app.logger.warning("%s: %s", event.case_number, event.kind)  # a real portal notifies somebody
    return "", 204


@app.errorhandler(ParvandehError)
def fail(failure: ParvandehError) -> Any:
    app.logger.error("%s", failure)  # has the id of the request, and nothing personal
    code = failure.status if isinstance(failure, Problem) and failure.status in (404, 409, 412) else 503
    return show(getattr(failure, "title", "…"), [], message=getattr(failure, "detail", ""), code=code)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
