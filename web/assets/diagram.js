// What viewer and modeler share.

const FONT = "Vazirmatn, Arial, sans-serif";

// How texts in diagrams are drawn.
export const drawn = { textRenderer: { defaultStyle: { fontFamily: FONT } } };

// Loads the file at a URL, as `read` gives it. Where that fails, the container says so in the words of its data-failed.
export async function open(diagram, container, url, read = (xml) => xml) {
  container.dir = "ltr"; // diagrams are drawn from left to right in every language
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status}`);
    await document.fonts.load(`12px ${FONT}`, "پ"); // lines are broken by its widths
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

// Calls back whenever the container has got another size, at first as soon as it has one.
export function whenSized(container, callback) {
  const observer = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width && contentRect.height) callback();
  });
  observer.observe(container);
}

// What an attribute of the container holds as JSON.
export function given(container, name) {
  return JSON.parse(container.dataset[name] ?? "{}");
}

// A file with names in the page's language alone, where they are written "Persian | English".
export function inOneLanguage(xml) {
  const english = document.documentElement.lang === "en";
  const half = (_, before, persian, other) => before + (english ? other : persian);
  return xml.replace(/(\sname="|<(?:\w+:)?text>)([^"<]*) \| ([^"<]*)/g, half);
}
