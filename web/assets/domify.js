// Stands in for the package of this name, by which bpmn.io's tools make elements from markup. Our policy lets no
// markup have a style; set by a script, the same style is allowed.
import make from "../node_modules/domify/index.js";

const STYLE = / style="([^"]*)"/g;

export default function domify(markup, ...more) {
  const made = make(markup.replace(STYLE, ' data-style="$1"'), ...more);
  const styled = [...(made.querySelectorAll?.("[data-style]") ?? [])];
  if (made.matches?.("[data-style]")) styled.push(made);
  for (const element of styled) element.style.cssText = element.dataset.style;
  return made;
}
