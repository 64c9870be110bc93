// Replaces the package of this name, with which bpmn.io's tools create elements from markup. Our policy forbids
// styles in markup; set by a script, the same style is allowed.
import make from "../node_modules/domify/index.js";

const STYLE = / style="([^"]*)"/g;

export default function domify(markup, ...more) {
  const made = make(markup.replace(STYLE, ' data-style="$1"'), ...more);
  const styled = [...(made.querySelectorAll?.("[data-style]") ?? [])];
  if (made.matches?.("[data-style]")) styled.push(made);
  for (const element of styled) element.style.cssText = element.dataset.style;
  return made;
}
