import random, string
from urllib.parse import quote
import pytest
from hypothesis import given, settings, strategies as st, HealthCheck
from tests.api.conftest import *

json_leaf = st.none()|st.booleans()|st.integers(-2**70,2**70)|st.floats()|st.text()
js = st.recursive(json_leaf, lambda c: st.lists(c,max_size=4)|st.dictionaries(st.text(max_size=8),c,max_size=4), max_leaves=12)
import json
def test_a_deploy_free(steady):
    steady.client("designer").deploy(factories.one_task("free"))

@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(js, st.sampled_from(["start","complete","cancel","claim","raw"]), st.text(max_size=20), st.text(max_size=20))
def test_f(steady, v, what, h, q):
    c=steady.client("caseworker")
    hd={"X-Purpose":h.encode().decode("latin-1").replace("\r","").replace("\n",""),"If-Match":q.encode().decode("latin-1").replace("\r","").replace("\n","")} if random.random()<.3 else {}
    app=steady.app.test_client()
    body={"start":{"definition":"free","data":v if isinstance(v,dict) else {"x":v},"business_key":q},"complete":{"data":{"x":v}},"cancel":{"reason":q},"claim":{},"raw":v}[what]
    path={"start":"/cases","complete":f"/tasks/{steady.task}/complete","cancel":"/cases/"+steady.case[:-1]+"0/cancel","claim":f"/tasks/{steady.task}/claim","raw":"/cases"}[what]
    r=app.post("/api/v1"+path+"?"+(quote(q) if random.random()<.2 else ""), data=json.dumps(body), content_type="application/json", headers={"Authorization":f"Bearer {c.token}",**hd})
    assert r.status_code<500, (r.status_code, what, v)
    r=app.get("/api/v1/cases?"+quote(h)+"="+quote(q), headers={"Authorization":f"Bearer {c.token}"}); assert r.status_code<500
    r=app.get("/api/v1/tasks/"+quote(q,safe=""), headers={"Authorization":f"Bearer {c.token}"}); assert r.status_code<500

def test_z_verify(steady):
    from engine import events
    with steady.app.extensions[DATABASE].transaction() as session:
        from sqlalchemy import text
        print(session.execute(text("select count(*) from events")).scalar())
        assert events.verify(session)==[]
    c=steady.client("caseworker")
    cur=""; n=0
    while True:
        p=c.get("/cases?definition=free"+cur).get_json()
        for it in p["items"]:
            n+=1
            if n<300:
                assert c.get("/cases/"+it["id"]).status_code==200; assert c.get("/cases/"+it["id"]+"/events").status_code==200
        if not p["next"]: break
        cur="&cursor="+p["next"]
    print("cases",n)
