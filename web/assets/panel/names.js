// Names in two languages: a file has one text, "Persian | English"; people read and change one half of it.
import TextRenderer from "bpmn-js/lib/draw/TextRenderer";
import LabelEditingProvider from "bpmn-js/lib/features/label-editing/LabelEditingProvider";
import { getLabel } from "bpmn-js/lib/util/LabelUtil";
import { is } from "bpmn-js/lib/util/ModelUtil";

const BETWEEN = " | ";
const ARABIC = /[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff]/;
const english = () => document.documentElement.lang === "en";

// Both halves of a name. A name in one language has the language of its script.
export function halves(name = "") {
  const at = name.indexOf(BETWEEN);
  if (at >= 0) return { fa: name.slice(0, at), en: name.slice(at + BETWEEN.length) };
  return ARABIC.test(name) ? { fa: name, en: "" } : { fa: "", en: name };
}

// The text for a file. A missing language is left out: the other one is used for both.
export function joined({ fa, en }) {
  const [persian, other] = [fa, en].map((half) => half.replaceAll(BETWEEN, " / "));
  if (!persian.trim() || !other.trim()) return persian.trim() ? persian : other.trim() ? other : "";
  return persian + BETWEEN + other;
}

// The reader's half of a name.
export function shown(name) {
  if (!name?.includes(BETWEEN)) return name;
  const { fa, en } = halves(name);
  return (english() ? en : fa).trim();
}

// Draws and measures one half of each label.
function Texts(config) {
  TextRenderer.call(this, config);
  const { createText, getDimensions, getExternalLabelBounds, getTextAnnotationBounds } = this;
  this.createText = (text, options) => createText(shown(text), options);
  this.getDimensions = (text, options) => getDimensions(shown(text), options);
  this.getExternalLabelBounds = (bounds, text) => getExternalLabelBounds(bounds, shown(text));
  this.getTextAnnotationBounds = (bounds, text) => getTextAnnotationBounds(bounds, shown(text));
}
Texts.$inject = ["config.textRenderer"];

// A label edited in the diagram is the reader's half; the other one is unchanged.
class Labels extends LabelEditingProvider {
  activate(element) {
    const context = super.activate(element);
    if (context) context.text = shown(context.text);
    return context;
  }

  update(element, text, before, bounds) {
    // If only the size of the field was rounded, nothing changes: tools redrawn now would lose the click that ended this.
    if (text === (before ?? "") && !is(element, "bpmn:TextAnnotation")) return;
    const whole = getLabel(element) ?? "";
    const label = whole.includes(BETWEEN) ? joined({ ...halves(whole), [english() ? "en" : "fa"]: text ?? "" }) : text;
    super.update(element, label, before, bounds);
  }
}
Labels.$inject = LabelEditingProvider.$inject;

export default { textRenderer: ["type", Texts], labelEditingProvider: ["type", Labels] };
