// The outcomes that a process declares, or the user task of a decision that has others: elements in its extensions.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

const OUTCOME = "parvandeh:Outcome";
export const EFFECTS = ["grants", "refuses", "neither"];

export const declaresOutcomes = (element) => is(element, "bpmn:UserTask") && Boolean(getBusinessObject(element).get("parvandeh:decision"));

export const outcomesOf = (object) => (object?.extensionElements?.values ?? []).filter((one) => is(one, OUTCOME));

export function add(element, object, file) {
  const extensions = object.extensionElements ?? file.make("bpmn:ExtensionElements", { values: [] }, object);
  const made = file.make(OUTCOME, { value: "", effect: EFFECTS[0] }, extensions);
  put(element, object, [...(extensions.values ?? []), made], file);
}

export function remove(element, object, outcome, file) {
  put(element, object, object.extensionElements.values.filter((one) => one !== outcome), file);
}

function put(element, object, values, file) {
  const extensions = object.extensionElements;
  if (extensions && values.length) file.set(element, { values }, extensions);
  else {
    const made = values.length ? file.make("bpmn:ExtensionElements", { values }, object) : undefined;
    for (const one of values) one.$parent = made;
    file.set(element, { extensionElements: made }, object);
  }
}
