// What viewer and modeler share.

const FONT = "Vazirmatn, Arial, sans-serif";

// The font of texts in diagrams.
export const drawn = { textRenderer: { defaultStyle: { fontFamily: FONT } } };

// Loads the file at a URL, as returned by `read`. If that fails, the container shows its data-failed.
export async function open(diagram, container, url, read = (xml) => xml) {
  container.dir = "ltr"; // diagrams are drawn from left to right in every language
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status}`);
    await document.fonts.load(`12px ${FONT}`, "پ"); // line breaks depend on its widths
    await diagram.importXML(read(await answer.text()));
    return true;
  } catch (fault) {
    console.warn(fault);
    const told = document.createElement("p");
    told.role = "alert";
    told.dir = "auto";
    told.textContent = container.dataset.failed ?? "";
    container.replaceChildren(told);
    return false;
  }
}

// Calls back whenever the size of the container changes, first when it has one.
export function whenSized(container, callback) {
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && contentRect.height) callback();
  });
  observer.observe(container);
}

const EDGE = 24; // space around a diagram

// Shows the whole diagram, not enlarged, next to what covers so many pixels at the canvas's left. If it would be
// smaller than the least scale, its beginning is shown at that scale.
export function fit(canvas, { covered = 0, least = 0, begin } = {}) {
  const { inner, outer } = canvas.viewbox();
  const room = { width: outer.width - covered - 2 * EDGE, height: outer.height - 2 * EDGE };
  if (!inner.width || !inner.height || room.width <= 0 || room.height <= 0) return;
  const whole = Math.min(room.width / inner.width, room.height / inner.height, 1);
  const scale = Math.max(whole, least);
  const spare = Math.max(0, room.width - inner.width * scale) / 2;
  const high = inner.height * scale > room.height; // then it is shown from where it begins
  const middle = (high && begin) || inner.y + inner.height / 2;
  canvas.viewbox({
    x: inner.x - (covered + EDGE + spare) / scale,
    y: middle - outer.height / 2 / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}

// The JSON in an attribute of the container.
export function given(container, name) {
  return JSON.parse(container.dataset[name] ?? "{}");
}

// A file with names only in the page's language, if they are written "Persian | English".
export function inOneLanguage(xml) {
  const english = document.documentElement.lang === "en";
  const half = (_, before, persian, other) => before + (english ? other : persian);
  return xml.replace(/(\sname="|<(?:\w+:)?text>)([^"<]*) \| ([^"<]*)/g, half);
}
