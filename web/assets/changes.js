// The inbox shows what is new and what is gone. Rows don't move until the user asks for the new ones.

const OFTEN = 20_000; // milliseconds while the page is visible,
const SELDOM = 120_000; // and while it is not

const box = document.querySelector("[data-changes]");
if (box) watch(box);

function watch(box) {
  const { dataset } = box;
  const rows = new Map([...document.querySelectorAll("tr[data-task]")].map((row) => [row.dataset.task, row]));
  const title = document.title;
  const fresh = new Set();
  const known = new Set(); // tasks after this page, which aren't new
  let [tag, count, more, asked, timer] = [null, null, Boolean(dataset.more), 0, 0];

  async function ask() {
    asked = Date.now();
    box.ariaBusy = "true";
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(dataset.changes, { headers, redirect: "error" });
      if (answer.status === 401) return end();
      if (answer.ok) {
        tag = answer.headers.get("ETag");
        compare(await answer.json());
      }
    } catch (error) {
      console.debug(error); // the network is down: try again later
    }
    wait();
  }

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(ask, document.hidden ? SELDOM : OFTEN);
    box.ariaBusy = "false";
  }

  function compare(now) {
    const ids = now.tasks.map(([id]) => id);
    const listed = new Set(ids);
    const seen = (id) => rows.has(id) || known.has(id) || fresh.has(id);
    // What follows the last known task may only have moved up.
    const last = more ? ids.findLastIndex(seen) : ids.length;
    ids.forEach((id, place) => !seen(id) && (place <= last ? fresh : known).add(id));
    [...fresh].forEach((id) => listed.has(id) || fresh.delete(id));
    more = now.more;
    const held = new Map(now.tasks);
    const shown = [...rows.keys()];
    const end = now.more ? shown.findLastIndex((id) => listed.has(id)) : shown.length;
    let gone = 0;
    shown.forEach((id, place) => {
      const taken = held.get(id) === "other" && !("held" in rows.get(id).dataset);
      const away = !listed.has(id) && place < end;
      gone += away || taken;
      mark(rows.get(id), away || taken);
    });
    // Only the number of tasks beyond this page is known.
    const missing = shown.filter((id, place) => !listed.has(id) && place < end).length;
    count ??= now.count - fresh.size + missing;
    tell(fresh.size + Math.max(0, now.count - count - fresh.size + missing), gone);
  }

  function mark(row, gone) {
    if (row.classList.contains("gone") === gone) return;
    row.classList.toggle("gone", gone);
    row.querySelectorAll("input, button").forEach((one) => (one.disabled = gone));
    const holder = row.querySelector("[data-holder]");
    if (gone) {
      const told = Object.assign(document.createElement("span"), { className: "badge", textContent: dataset.gone });
      row.before = [...holder.childNodes];
      holder.replaceChildren(told);
    } else holder.replaceChildren(...row.before);
  }

  function tell(added, gone) {
    document.title = added ? `(${figures(added)}) ${title}` : title;
    badge(added);
    const parts = [said("new", added), said("gone", gone)].filter(Boolean);
    say(parts.join(" "), added ? [dataset.here, dataset.show] : null);
  }

  function badge(added) {
    const link = document.querySelector('.bar a[aria-current="page"]');
    link?.querySelector(".badge")?.remove();
    if (link && added) {
      const shown = Object.assign(document.createElement("span"), { className: "badge accent", textContent: figures(added) });
      shown.ariaHidden = "true"; // the notice says it
      link.append(" ", shown);
    }
  }

  const figures = (number) => new Intl.NumberFormat(document.documentElement.lang).format(number);
  const said = (what, number) =>
    number && dataset[`${what}${number === 1 ? "Single" : "Several"}`].replace(/\u2068?\{n\}\u2069?/u, figures(number));

  let last;
  function say(text, link) {
    if (text === last && text) return; // already announced
    last = text;
    box.replaceChildren();
    if (!text) return;
    const told = document.createElement("p");
    told.append(Object.assign(document.createElement("span"), { textContent: text }));
    if (link) told.append(" ", Object.assign(document.createElement("a"), { href: link[0], textContent: link[1] }));
    box.append(told);
  }

  function end() {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", turned);
    box.ariaBusy = "false";
    const next = encodeURIComponent(location.pathname + location.search);
    say(dataset.ended, [`/login?next=${next}`, dataset.login]);
  }

  function turned() {
    if (!document.hidden && Date.now() - asked > OFTEN) ask();
    else wait();
  }

  document.addEventListener("visibilitychange", turned);
  ask();
}
