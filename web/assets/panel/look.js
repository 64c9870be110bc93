// The server's analysis of the diagram as it is drawn now: which names each element can read, and findings. And
// the choices of the installation. A diagram is sent when nothing was changed for a moment; nothing is stored.
const PAUSE = 500; // milliseconds

export default class Look {
  static $inject = ["config.panel", "eventBus"];

  constructor({ choices, look, form, xml }, eventBus) {
    Object.assign(this, { urls: { choices, look }, form, xml, eventBus });
    this.answer = { names: {}, findings: [], complete: true };
    this.choices = {};
    this.failed = false;
    eventBus.on("import.done", () => {
      this.choose();
      this.soon(0);
    });
    eventBus.on("commandStack.changed", () => this.soon());
    // Forms and decisions are often added on another page.
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.choose());
  }

  names(id) {
    return this.answer.names[id] ?? [];
  }

  // About elements with these ids.
  findings(ids) {
    return this.answer.findings.filter(({ element }) => ids.includes(element ?? null));
  }

  soon(pause = PAUSE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), pause);
  }

  async choose() {
    try {
      const answer = await fetch(this.urls.choices);
      if (!answer.ok) throw new Error(`${answer.status}`);
      this.choices = await answer.json();
      this.eventBus.fire("look.changed");
    } catch (fault) {
      console.warn(fault); // without the list of choices, they can be typed
    }
  }

  async ask() {
    this.under?.abort();
    const under = (this.under = new AbortController());
    const body = new FormData(this.form);
    try {
      body.set("xml", await this.xml());
      body.set("file", new URL(this.form.action).searchParams.get("file"));
      const answer = await fetch(this.urls.look, { method: "POST", body, signal: under.signal });
      if (!answer.ok) throw new Error(`${answer.status}`);
      this.answer = await answer.json();
      this.failed = false;
    } catch (fault) {
      if (fault.name === "AbortError") return;
      console.warn(fault);
      this.failed = true;
    }
    this.eventBus.fire("look.changed");
  }
}
