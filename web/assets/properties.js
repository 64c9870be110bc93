// Properties of ours in the panel beside the modeler: for each element those that the descriptor knows, and its form.
import { TextFieldEntry, isTextFieldEntryEdited } from "@bpmn-io/properties-panel";
import { useService } from "bpmn-js-properties-panel";
import parvandeh from "./parvandeh.json";

const CAMUNDA = "http://camunda.org/schema/1.0/bpmn";
const FORM = "camunda:formKey"; // a name that other tools know, too
const types = structuredClone(parvandeh.types); // the modeler changes what it is given
const FORMS = ["bpmn:StartEvent", "bpmn:UserTask"];

function names(element) {
  const is = (type) => element.businessObject.$instanceOf?.(type);
  const own = types.filter((type) => (type.extends ?? []).some(is)).flatMap((type) => type.properties);
  const attributes = own.filter(({ isAttr }) => isAttr).map(({ name }) => `${parvandeh.prefix}:${name}`);
  return [...new Set([...(FORMS.some(is) ? [FORM] : []), ...attributes])];
}

function entry(element, name) {
  return {
    id: name.replace(":", "-"),
    element,
    name,
    component: Attribute,
    isEdited: isTextFieldEntryEdited,
  };
}

function Attribute({ element, id, name }) {
  const modeling = useService("modeling");
  const translate = useService("translate");
  const object = element.businessObject;
  return TextFieldEntry({
    element,
    id,
    label: translate(name),
    debounce: useService("debounceInput"),
    getValue: () => object.get(name) ?? "",
    setValue: (value) => {
      if (name === FORM) declared(object);
      modeling.updateProperties(element, { [name]: value || undefined });
    },
  });
}

// A prefix that no descriptor knows has to be declared by the file.
function declared(object) {
  let root = object;
  while (root.$parent) root = root.$parent;
  root.$attrs["xmlns:camunda"] ??= CAMUNDA;
}

function Provider(propertiesPanel, translate) {
  this.getGroups = (element) => (groups) => {
    const entries = names(element).map((name) => entry(element, name));
    if (entries.length) groups.splice(1, 0, { id: parvandeh.prefix, label: translate(parvandeh.name), entries });
    return groups;
  };
  propertiesPanel.registerProvider(500, this);
}
Provider.$inject = ["propertiesPanel", "translate"];

export default { __init__: ["parvandehProperties"], parvandehProperties: ["type", Provider] };
