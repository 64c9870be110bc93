// The parts of the panel: the element's findings, its sections, and what it can read.
import { useEffect, useReducer, useState } from "@bpmn-io/properties-panel/preact/hooks";
import { Entry, readable } from "./entries.jsx";
import { remove, translate } from "./foreign.js";
import { idsOf } from "./sections.js";
import { Choice } from "./suggesting.jsx";

const opened = new Map(); // sections that the user has opened or closed, for the next element, too

// Renders again after a response of the server, or a change of another element.
function useNews(eventBus) {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    const events = ["look.changed", "commandStack.changed"];
    eventBus.on(events, again);
    return () => eventBus.off(events, again);
  }, [eventBus]);
}

function findingsOf(entry, tools) {
  const ids = entry.of ? [entry.of] : idsOf(tools.element);
  const about = ({ attribute }) => attribute === entry.key || (MAPPED[entry.key] && attribute?.startsWith(MAPPED[entry.key]));
  return tools.look.findings(ids).filter(about);
}

const MAPPED = { "parvandeh:inputs": "in:", "parvandeh:outputs": "out:" };

export function Section({ id, open, entries, tools }) {
  useNews(tools.eventBus);
  const { say, element } = tools;
  const [isOpen, setOpen] = useState(opened.get(id) ?? open);
  const all = entries().map((entry) => ({ entry, findings: findingsOf(entry, tools) }));
  const wrong = all.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  const set = all.some(({ entry }) => entry.get?.() && !["id", "check"].includes(entry.kind));
  const toggle = () => {
    opened.set(id, !isOpen);
    setOpen(!isOpen);
  };
  return (
    <section class="section" data-section={id}>
      <h3>
        <button type="button" aria-expanded={isOpen} aria-controls={`section-${id}`} onClick={toggle}>
          <span>{say(`section.${id}`)}</span>
          {wrong ? <small class="is-error">{say("section-wrong")}</small> : set && !isOpen && <small>{say("section-set")}</small>}
        </button>
      </h3>
      <div id={`section-${id}`} hidden={!isOpen}>
        {isOpen && all.map(({ entry, findings }) => <Entry key={`${element.id} ${entry.id ?? entry.key}`} {...{ entry, findings, tools }} />)}
      </div>
    </section>
  );
}

// Findings that belong to no field of the element.
export function Top({ sections, tools }) {
  useNews(tools.eventBus);
  const { say, look, element } = tools;
  const fields = sections().flatMap(({ entries }) => entries().flatMap((entry) => findingsOf(entry, tools)));
  const rest = look.findings(idsOf(element)).filter((finding) => !fields.includes(finding));
  const note = look.failed ? "look.failed" : look.answer.complete ? undefined : "look.incomplete";
  return (
    <div class="findings-here" aria-live="polite">
      {note && <p class="finding-here is-note">{say(note)}</p>}
      {rest.map((finding) => (
        <div key={`${finding.code} ${finding.sentence}`} class={`finding-here is-${finding.severity}`}>
          <p><strong>{say(`severity.${finding.severity}`)}</strong> {finding.sentence} {finding.fix}</p>
          {finding.foreign && <Foreign {...{ foreign: finding.foreign, tools }} />}
        </div>
      ))}
    </div>
  );
}

// An attribute of another engine: remove it, or translate it.
function Foreign({ foreign, tools }) {
  const { say, element, file } = tools;
  const translation = Object.entries(foreign.translation ?? {});
  return (
    <p class="row">
      {foreign.removable && <button type="button" onClick={() => remove(element, foreign, file)}>{say("foreign.remove", { name: foreign.name })}</button>}
      {translation.length > 0 && (
        <button type="button" onClick={() => translate(element, foreign, file)}>
          {say("foreign.translate", { name: listed(translation.map(([name]) => say(`${name.replace(/^\w+:/, "")}.name`))) })}
        </button>
      )}
    </p>
  );
}

const listed = (names) => new Intl.ListFormat(document.documentElement.lang).format(names);

export function Readable({ tools }) {
  useNews(tools.eventBus);
  const { say } = tools;
  const names = readable({}, tools);
  const [isOpen, setOpen] = useState(opened.get("readable") ?? true);
  if (!names.length) return null;
  const toggle = () => {
    opened.set("readable", !isOpen);
    setOpen(!isOpen);
  };
  return (
    <section class="section" data-section="readable">
      <h3>
        <button type="button" aria-expanded={isOpen} aria-controls="section-readable" onClick={toggle}><span>{say("readable.title")}</span></button>
      </h3>
      <div id="section-readable" hidden={!isOpen}>
        <p class="help">{say("readable.help")}</p>
        <ul class="plain readable">
          {names.map((name) => <li key={name.value}><Choice {...name} /></li>)}
        </ul>
      </div>
    </section>
  );
}
