// Files in forms: each is uploaded immediately and in parts, shows its progress, and continues after a lost connection.

const PART = 512 * 1024;
const PAUSES = [1, 2, 4, 8, 15]; // seconds after a failure, then the last one repeatedly
const percent = new Intl.NumberFormat(document.documentElement.lang === "fa" ? "fa-IR" : "en", { style: "percent" });

function make(tag, values = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), values);
  element.append(...inside);
  return element;
}

// Identifies the same file after a reload; only if the browser can compute it.
async function digestOf(file) {
  if (!globalThis.crypto?.subtle) return "";
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Until the browser reports a connection again, or so many seconds have passed.
const wait = (seconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    const now = () => (clearTimeout(timer), resolve());
    window.addEventListener("online", now, { once: true });
    signal.addEventListener("abort", now, { once: true });
  });

class Refused extends Error {}

class Uploads {
  constructor(block) {
    Object.assign(this, { block, texts: JSON.parse(block.dataset.texts), running: new Set() });
    this.many = "many" in block.dataset;
    this.list = block.querySelector(".files");
    this.input = block.querySelector("input[type=file]");
    this.form = this.input.form;
    this.input.addEventListener("change", () => this.take(this.input));
    this.offerCamera();
    this.acceptDrops();
    this.list.addEventListener("click", (event) => this.remove(event));
    this.form.addEventListener("submit", (event) => this.hold(event), true);
  }

  // On a phone, take a photo of a document without leaving the page.
  offerCamera() {
    if (!matchMedia("(pointer: coarse)").matches || !/\.jpe?g/.test(this.input.accept)) return;
    const camera = make("input", { type: "file", accept: "image/*", capture: "environment", hidden: true });
    camera.addEventListener("change", () => this.take(camera));
    const button = make("button", { type: "button", className: "small", textContent: this.texts.camera });
    button.addEventListener("click", () => camera.click());
    this.input.after(button, camera);
  }

  acceptDrops() {
    const over = (is) => (event) => {
      event.preventDefault();
      this.block.toggleAttribute("data-over", is);
    };
    this.block.addEventListener("dragover", over(true));
    this.block.addEventListener("dragleave", over(false));
    this.block.addEventListener("drop", (event) => {
      over(false)(event);
      this.takeFiles([...event.dataTransfer.files]);
    });
  }

  take(input) {
    const files = [...input.files];
    input.value = ""; // so that it isn't sent with the form, too
    this.takeFiles(files);
  }

  takeFiles(files) {
    for (const file of this.many ? files : files.slice(0, 1)) this.add(file);
  }

  async add(file) {
    const row = new Row(file, this.texts);
    const stop = new AbortController();
    row.onStop(() => stop.abort());
    this.list.append(row.element);
    this.running.add(row);
    try {
      const done = await this.upload(file, row, stop.signal);
      if (done.again && this.holds(done.id)) row.refuse(this.texts.again);
      else this.accept(row, done);
    } catch (error) {
      if (stop.signal.aborted) row.element.remove();
      else row.refuse(error instanceof Refused && error.message ? error.message : this.texts.failed);
    } finally {
      this.running.delete(row);
    }
  }

  async upload(file, row, signal) {
    const { upload: place, field } = this.block.dataset;
    const told = { place, field, name: file.name, size: file.size, sha256: await digestOf(file) };
    let state = await this.lasting(() => this.send("/uploads", told, signal), row, signal);
    const at = `/uploads/${state.id}`;
    signal.addEventListener("abort", () => this.send(`${at}/discard`, {}).catch(() => {}));
    while (!state.complete) {
      row.progress(state.offset / file.size, state.offset === file.size ? this.texts.checking : this.texts.uploading);
      const { offset } = state;
      const part = new File([file.slice(offset, offset + PART)], "part");
      const last = offset + PART >= file.size;
      if (last) row.progress(offset / file.size, this.texts.checking);
      state = await this.lasting(
        (again) => (again ? this.send(at, null, signal) : this.send(at, { offset, part }, signal)),
        row,
        signal,
      );
    }
    row.tell(this.texts.done);
    return state;
  }

  // Retry until there is a response. After a failure it is unknown what has arrived: that is requested first.
  async lasting(attempt, row, signal) {
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt(failures > 0);
      } catch (error) {
        if (error instanceof Refused || signal.aborted) throw error;
        row.tell(this.texts.lost);
        await wait(PAUSES[Math.min(failures, PAUSES.length - 1)], signal);
      }
    }
  }

  async send(url, values, signal) {
    const body = values && new FormData();
    if (body) Object.entries({ token: this.form.elements.token.value, ...values }).forEach(([k, v]) => body.set(k, v));
    const answer = await fetch(url, { method: body ? "POST" : "GET", body, signal });
    const json = answer.headers.get("Content-Type")?.startsWith("application/json");
    const told = json ? await answer.json() : {};
    if (answer.ok && json) return told;
    if (answer.status === 409 && "offset" in told) return this.send(url, null, signal);
    if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
    throw new Refused(told.message ?? "");
  }

  holds(id) {
    return [...this.list.querySelectorAll("input[type=hidden]")].some(({ value }) => value === id);
  }

  accept(row, { id, name }) {
    if (!this.many) this.list.querySelectorAll("li:has(input)").forEach((old) => old.remove());
    row.accept(this.block.dataset.name, id, this.texts.remove, name);
    this.block.classList.remove("has-fault");
    this.block.querySelectorAll(":scope > .wrong").forEach((old) => old.remove());
    this.changed();
  }

  // In the preview and for documents of the case there is nothing to delete on the server: it refuses.
  remove(event) {
    const button = event.target.closest("button[name=drop]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("li");
    const id = row.querySelector("input")?.value;
    if (id) this.send(`/uploads/${id}/discard`, {}).catch(() => {});
    row.remove();
    this.input.focus();
    this.changed();
  }

  changed() {
    this.list.dispatchEvent(new Event("change", { bubbles: true }));
  }

  hold(event) {
    if (!this.running.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const [row] = this.running;
    row.tell(this.texts.unfinished);
    row.element.scrollIntoView({ block: "nearest" });
  }
}

class Row {
  constructor(file, texts) {
    this.remove = texts.remove;
    this.bar = make("progress", { max: 1, value: 0, ariaLabel: file.name });
    this.told = make("span", { className: "faint", role: "status" });
    this.stop = make("button", { type: "button", className: "small", textContent: texts.stop });
    this.element = make("li", {}, make("bdi", { textContent: file.name }), this.bar, this.told, this.stop);
  }

  onStop(stopped) {
    this.stop.addEventListener("click", stopped);
  }

  progress(part, text) {
    this.bar.value = part;
    this.tell(`${text} ${percent.format(part)}`);
  }

  tell(text) {
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  refuse(text) {
    this.bar.remove();
    this.told.className = "wrong";
    this.tell(text);
    this.stop.replaceWith(make("button", { type: "button", className: "small", name: "drop", textContent: this.remove }));
  }

  accept(name, id, remove, file) {
    const drop = make("button", { className: "small", name: "drop", value: `${name} ${id}`, textContent: remove });
    drop.append(make("span", { className: "hidden-text" }, " ", make("bdi", { textContent: file })));
    this.bar.remove();
    this.stop.replaceWith(drop);
    this.element.prepend(make("input", { type: "hidden", name, value: id }));
  }
}

for (const block of document.querySelectorAll("[data-upload]:not([data-upload=preview])")) {
  if (block.querySelector("input[type=file]")) new Uploads(block);
}
