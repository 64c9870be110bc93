// Mappings are one expression: {'amount': fee}, or in FEEL ={"amount": fee}. In the panel they are rows.
const OPENING = "([{";
const CLOSING = ")]}";
const QUOTES = "\"'";

// The rows of an expression, and its notation; null if it isn't a list of names with values.
export function rows(text, feelByDefault = false) {
  const code = text.trim();
  if (!code) return { rows: [], feel: feelByDefault && "file" };
  const feel = code.startsWith("=") ? "marked" : feelByDefault && "file";
  const body = (feel === "marked" ? code.slice(1) : code).trim();
  if (!body.startsWith("{") || !body.endsWith("}")) return null;
  const parts = parted(body.slice(1, -1), ",");
  if (!parts) return null;
  if (parts.at(-1).trim() === "") parts.pop(); // there may be a comma at the end
  const found = parts.map((part) => row(part, feel));
  return found.every(Boolean) ? { rows: found, feel } : null;
}

// The expression of rows; empty without any. A row that was only added isn't part of it yet.
export function expression({ rows: every, feel }) {
  const all = every.filter(({ name, value }) => name || value);
  if (!all.length) return "";
  const quote = feel ? '"' : "'";
  const quoted = (name) => quote + name.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`) + quote;
  const body = all.map(({ name, value }) => `${quoted(name)}: ${value}`).join(", ");
  return `${feel === "marked" ? "=" : ""}{${body}}`;
}

function row(part, feel) {
  const [name, ...value] = parted(part, ":") ?? [];
  if (!value.length) return null;
  const key = name.trim();
  const quoted = key.match(/^(["'])((?:\\.|(?!\1)[^\\])*)\1$/s);
  if (quoted) return { name: quoted[2].replace(/\\(.)/gs, "$1"), value: value.join(":").trim() };
  return feel && /^[\p{L}_][\p{L}\p{N}_ ]*$/u.test(key) ? { name: key, value: value.join(":").trim() } : null;
}

// Splits a text at each separator outside of brackets and quotes; null if these don't match.
function parted(text, sign) {
  const parts = [];
  const open = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (QUOTES.includes(letter)) {
      at = closing(text, at);
      if (at < 0) return null;
    } else if (OPENING.includes(letter)) open.push(CLOSING[OPENING.indexOf(letter)]);
    else if (CLOSING.includes(letter) && open.pop() !== letter) return null;
    else if (letter === sign && !open.length) {
      parts.push(text.slice(from, at));
      from = at + 1;
    } else if (letter === "#") return null; // a comment, which rows would lose
  }
  return open.length ? null : [...parts, text.slice(from)];
}

function closing(text, at) {
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === text[at]) return end;
  }
  return -1;
}
