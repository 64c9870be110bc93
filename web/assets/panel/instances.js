// Multi-instance markers name variables where BPMN has references and ids: <loopDataInputRef>members</loopDataInputRef>,
// <inputDataItem id="member"/>. The modeler's library drops references to what the file doesn't define, and opens no
// file in which two markers use one variable. So these names are attributes of a namespace of their own while a
// diagram is open, and never in a file.
const BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL";
const OPEN = "https://parvandeh.org/open-in-the-modeler";
const XMLNS = "http://www.w3.org/2000/xmlns/";
const MARKER = "multiInstanceLoopCharacteristics";
const REFERENCES = { loopDataInputRef: "collection", loopDataOutputRef: "results" };
const ITEMS = ["inputDataItem", "outputDataItem"];
const FIRST = ["documentation", "extensionElements", "loopCardinality"]; // what BPMN requires before these
const text = (name) => ({ name, isAttr: true, type: "String" });

export const descriptor = {
  name: "Open",
  uri: OPEN,
  prefix: "open",
  xml: { tagAlias: "lowerCase" },
  types: [
    { name: "Marker", extends: ["bpmn:MultiInstanceLoopCharacteristics"], properties: Object.values(REFERENCES).map(text) },
    { name: "Item", extends: ["bpmn:DataInput", "bpmn:DataOutput"], properties: [text("variable")] },
  ],
};

// Converts a file for the modeler.
export function opened(xml) {
  return changed(xml, (marker) => {
    marker.ownerDocument.documentElement.setAttributeNS(XMLNS, "xmlns:open", OPEN);
    for (const [tag, name] of Object.entries(REFERENCES)) {
      for (const child of children(marker, tag)) {
        marker.setAttributeNS(OPEN, `open:${name}`, child.textContent.trim());
        child.remove();
      }
    }
    for (const child of ITEMS.flatMap((tag) => children(marker, tag))) {
      if (!child.hasAttribute("id")) continue;
      child.setAttributeNS(OPEN, "open:variable", child.getAttribute("id"));
      child.removeAttribute("id");
    }
  });
}

// Converts the modeler's output to a file.
export function closed(xml) {
  return changed(xml, (marker) => {
    marker.ownerDocument.documentElement.removeAttributeNS(XMLNS, "open");
    for (const child of ITEMS.flatMap((tag) => children(marker, tag))) {
      const variable = child.getAttributeNS(OPEN, "variable");
      child.removeAttributeNS(OPEN, "variable");
      child.removeAttribute("id");
      if (variable) child.setAttribute("id", variable);
      else if (!child.attributes.length) child.remove();
    }
    const before = [...marker.children].find((child) => !FIRST.includes(child.localName)) ?? null;
    for (const [tag, name] of Object.entries(REFERENCES)) {
      const value = marker.getAttributeNS(OPEN, name);
      marker.removeAttributeNS(OPEN, name);
      if (!value) continue;
      const child = marker.ownerDocument.createElementNS(BPMN, [marker.prefix, tag].filter(Boolean).join(":"));
      child.textContent = value;
      marker.insertBefore(child, before);
    }
  });
}

function changed(xml, change) {
  if (!xml.includes(MARKER)) return xml;
  const file = new DOMParser().parseFromString(xml, "application/xml");
  if (file.querySelector("parsererror")) return xml; // the modeler shows what is wrong
  for (const marker of file.getElementsByTagNameNS(BPMN, MARKER)) change(marker);
  return new XMLSerializer().serializeToString(file);
}

const children = (element, name) => [...element.children].filter((child) => child.localName === name);
