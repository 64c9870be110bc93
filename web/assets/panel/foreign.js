// Extensions of another engine's modeler, with the translation that our engine suggests.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import { processOf } from "./file.js";

// An attribute of the element, of its event or its repetition; or an element among its extensions.
function changesFor(element, { name }, file) {
  const object = getBusinessObject(element);
  const objects = [object, processOf(element), ...(object.eventDefinitions ?? []), object.loopCharacteristics].filter(Boolean);
  const attributes = objects.filter((one) => one.$attrs[name] !== undefined).map((one) => file.change(element, { [name]: undefined }, one));
  if (attributes.length) return attributes;
  return objects.flatMap((one) => {
    const values = one.extensionElements?.values ?? [];
    const left = values.filter(({ $type }) => $type !== name);
    if (left.length === values.length) return [];
    return left.length ? file.change(element, { values: left }, one.extensionElements) : file.change(element, { extensionElements: undefined }, one);
  });
}

export function remove(element, foreign, file) {
  file.all(changesFor(element, foreign, file));
}

export function translate(element, foreign, file) {
  file.all([...changesFor(element, foreign, file), file.change(element, foreign.translation, processOf(element) ?? getBusinessObject(element))]);
}
