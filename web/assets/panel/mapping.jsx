// A list of names with values, as rows. What can't be split into rows remains one text.
import { useState } from "@bpmn-io/properties-panel/preact/hooks";
import { calledOf, decisionOf } from "./choices.js";
import { Field, Findings, Help, described, idOf, readable } from "./entries.jsx";
import { speaksFeel } from "./file.js";
import { expression, rows } from "./mapping.js";
import { Suggesting } from "./suggesting.jsx";

export function Mapping({ entry, findings, tools }) {
  return <Rows {...{ entry, findings, tools }} {...sides(entry, tools)} />;
}

// The rows of an entry, and what writes them. They remain as they were typed, even if a row is incomplete.
export function useRows(entry, tools) {
  const text = entry.get();
  const [typed, setTyped] = useState();
  const found = typed && expression(typed) === text ? typed : rows(text, speaksFeel(tools.element.businessObject));
  const write = (changed) => {
    const next = { ...found, rows: changed };
    setTyped(next);
    entry.set(expression(next), tools);
  };
  return [found?.rows, write];
}

export function Rows({ entry, findings, tools, names, readables }) {
  const { say } = tools;
  const [all, write] = useRows(entry, tools);
  const id = idOf(entry);
  const options = readables ?? readable(entry, tools);
  if (!all) return <AsText {...{ entry, findings, tools, options }} />;
  const changed = (at, part) => write(all.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const word = entry.word ?? entry.key;
  return (
    <fieldset class="entry rows" data-entry={entry.key} aria-describedby={`${id}-help ${id}-findings`}>
      <legend>{say(`${word}.name`)}</legend>
      <Help id={id} text={say(`${word}.help`)} />
      {all.map((row, at) => (
        <Row key={at} {...{ id: `${id}-${at}`, row, say, word, names, options, at }} change={(part) => changed(at, part)} remove={() => write(all.filter((_, index) => index !== at))} />
      ))}
      <button type="button" onClick={() => write([...all, { name: "", value: "" }])}>{say(`${word}.add`)}</button>
      <Findings {...{ id, findings, say }} />
    </fieldset>
  );
}

function Row({ id, row, say, word, names = [], options, at, change, remove }) {
  const label = (part) => `${say(`${word}.${part}`)} ${new Intl.NumberFormat(document.documentElement.lang).format(at + 1)}`;
  const shared = { dir: "ltr", class: "code" };
  return (
    <div class="pair">
      <Suggesting as="input" by="whole" {...shared} id={`${id}-name`} aria-label={label("left")} placeholder={say(`${word}.left`)} options={names} listLabel={say(`${word}.left`)} value={row.name} onText={(name) => change({ name })} />
      <span aria-hidden="true">=</span>
      <Suggesting as="textarea" by="word" lines={1} {...shared} id={`${id}-value`} aria-label={label("right")} placeholder={say(`${word}.right`)} options={options} listLabel={say("readable.title")} value={row.value} onText={(value) => change({ value })} />
      <button type="button" class="remove" aria-label={`${say("remove-row")} ${label("left")}`} onClick={remove}>×</button>
    </div>
  );
}

export function AsText({ entry, findings, tools, options }) {
  return (
    <Field {...{ entry, findings, tools }}>
      <Suggesting as="textarea" by="word" lines={3} dir="ltr" class="code" options={options} listLabel={tools.say("readable.title")} {...described(idOf(entry), findings)} value={entry.get()} onText={(text) => entry.set(text, tools)} />
      <p class="help">{tools.say("as-text")}</p>
    </Field>
  );
}

// Suggestions for the names on the left and the values on the right, if the called process or decision declares them.
function sides({ key }, { element, look }) {
  const options = (names) => names?.map((value) => ({ value }));
  const called = calledOf(element, look);
  if (key === "parvandeh:inputs") return { names: options((called ?? decisionOf(element, look))?.inputs) };
  return key === "parvandeh:outputs" && called ? { readables: options(called.outputs) } : {};
}
