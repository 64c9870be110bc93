// How an entry of the panel is filled in, by its kind. Each has a name, a help text, and its findings.
import { useState } from "@bpmn-io/properties-panel/preact/hooks";
import { choicesOf } from "./choices.js";
import { Mapping } from "./mapping.jsx";
import { halves, joined } from "./names.js";
import { Outcomes } from "./outcomes.jsx";
import { Request } from "./request.jsx";
import { Suggesting } from "./suggesting.jsx";

export function Entry(props) {
  const Kind = KINDS[props.entry.kind];
  return <Kind {...props} />;
}

// The attributes of an entry's input that refer to its help and its findings.
export function idOf(entry) {
  return `entry-${(entry.id ?? entry.word ?? entry.key).replace(/\W+/g, "-")}`;
}

export function Field({ entry, findings, tools, children, id = idOf(entry), label, help }) {
  const { say } = tools;
  const word = entry.word ?? entry.key;
  return (
    <div class="entry" data-entry={entry.key}>
      <label for={id}>{label ?? say(`${word}.name`, entry.told)}</label>
      {children}
      <Help id={id} text={help ?? say(`${word}.help`)} />
      <Findings id={id} findings={findings} say={say} />
    </div>
  );
}

// A sentence; text between `backticks` is code.
export function Help({ id, text }) {
  const parts = text.split("`");
  return (
    <p class="help" id={`${id}-help`}>
      {parts.map((part, at) => (at % 2 ? <code key={at}>{part}</code> : part))}
    </p>
  );
}

export function Findings({ id, findings, say }) {
  return (
    <div id={`${id}-findings`} aria-live="polite">
      {findings.map(({ severity, sentence, fix }) => (
        <p key={sentence} class={`finding-here is-${severity}`}>
          <strong>{say(`severity.${severity}`)}</strong> {sentence} {fix}
        </p>
      ))}
    </div>
  );
}

export function described(id, findings) {
  return {
    id,
    "aria-describedby": `${id}-help ${id}-findings`,
    "aria-invalid": findings.some(({ severity }) => severity === "error") || undefined,
  };
}

function common(entry, findings) {
  const id = idOf(entry);
  return { name: id.replace("entry-", ""), ...described(id, findings) };
}

// What an expression can read, as suggestions.
export function readable(entry, { look, element, say }) {
  const all = look.names(entry.of ?? entry.about ?? element.businessObject.id);
  // A field of the step's own form has a value only after the step.
  const names = entry.kind === "field" ? [...all].sort((one, other) => other.after - one.after) : all;
  return names.map(({ name, label, from }) => ({ value: name, label, hint: from && say("from", { place: from }) }));
}

function Text({ entry, findings, tools }) {
  return (
    <Field {...{ entry, findings, tools }}>
      <input type="text" {...common(entry, findings)} dir="auto" value={entry.get()} onInput={({ currentTarget }) => entry.set(currentTarget.value, tools)} />
    </Field>
  );
}

function Area({ entry, findings, tools }) {
  return (
    <Field {...{ entry, findings, tools }}>
      <textarea rows={2} {...common(entry, findings)} dir="auto" value={entry.get()} onInput={({ currentTarget }) => entry.set(currentTarget.value, tools)} />
    </Field>
  );
}

function Number_({ entry, findings, tools }) {
  const set = ({ currentTarget }) => currentTarget.validity.valid && entry.set(currentTarget.value, tools);
  return (
    <Field {...{ entry, findings, tools }}>
      <input type="number" min={1} step={1} inputmode="numeric" {...common(entry, findings)} value={entry.get()} onInput={set} />
    </Field>
  );
}

// Code is written from left to right in every language.
function Code({ entry, findings, tools, lines = 1 }) {
  const roles = entry.list === "roles" ? (choicesOf(entry, tools.element, tools) ?? []) : [];
  const quoted = roles.map(({ value, label }) => ({ value: `'${value}'`, label }));
  return (
    <Field {...{ entry, findings, tools }}>
      <Suggesting
        as="textarea"
        by="word"
        lines={lines}
        dir="ltr"
        class="code"
        options={entry.kind === "code" ? [] : [...readable(entry, tools), ...quoted]}
        listLabel={tools.say("readable.title")}
        {...common(entry, findings)}
        value={entry.get()}
        onText={(text) => entry.set(text, tools)}
      />
    </Field>
  );
}

const Script = (props) => <Code {...props} lines={8} />;

function Select({ entry, findings, tools }) {
  const { say } = tools;
  const word = entry.word ?? entry.key;
  const value = entry.get();
  const options = entry.options ?? entry.values.map((one) => ({ value: one, label: say(`${word.replace(/^\w+:/, "")}.${one}`) }));
  return (
    <Field {...{ entry, findings, tools }}>
      <Options {...common(entry, findings)} {...{ value, options, say, needed: entry.needed }} set={(chosen) => entry.set(chosen, tools)} />
    </Field>
  );
}

// A value of the file that isn't among the choices remains selectable.
function Options({ value, options, say, set, needed, ...attributes }) {
  const unknown = value && !options.some((one) => one.value === value);
  return (
    <select {...attributes} value={value} onChange={({ currentTarget }) => set(currentTarget.value)}>
      {!needed && <option value="">{say("nothing-chosen")}</option>}
      {unknown && <option value={value}>{say("not-here", { value })}</option>}
      {options.map((one) => (
        <option key={one.value} value={one.value}>{one.label || one.value}</option>
      ))}
    </select>
  );
}

function Chosen(props) {
  const { entry, tools } = props;
  const options = choicesOf(entry, tools.element, tools);
  return options ? <Select {...props} entry={{ ...entry, options: options.map(labelled) }} /> : <Text {...props} />;
}

const labelled = ({ value, label }) => ({ value, label: label?.includes(value) ? label : [label, `(${value})`].filter(Boolean).join(" ") });

function Combo({ entry, findings, tools }) {
  const typing = { onText: (text) => entry.set(text, tools), value: entry.get() };
  return <WithChoices {...{ entry, findings, tools }} {...typing} />;
}

function WithChoices({ entry, findings, tools, ...typing }) {
  return (
    <Field {...{ entry, findings, tools }}>
      <Suggesting
        as="input"
        by="whole"
        dir="auto"
        options={choicesOf(entry, tools.element, tools) ?? []}
        listLabel={tools.say(`${entry.word ?? entry.key}.name`)}
        {...common(entry, findings)}
        {...typing}
      />
    </Field>
  );
}

// Written only when complete: a name by which a message is found or created.
function Whole({ entry, findings, tools }) {
  const [typed, setTyped] = useState(null);
  const typing = {
    value: typed ?? entry.get(),
    onText: setTyped,
    onChange: ({ currentTarget }) => {
      setTyped(null);
      entry.set(currentTarget.value, tools);
    },
  };
  return <WithChoices {...{ entry, findings, tools }} {...typing} />;
}

function Id({ entry, findings, tools }) {
  const [typed, setTyped] = useState(null);
  const fault = typed === null ? undefined : entry.fault(typed, tools);
  const all = fault ? [{ severity: "error", sentence: tools.say(fault), fix: "" }, ...findings] : findings;
  const write = ({ currentTarget }) => {
    if (entry.fault(currentTarget.value, tools)) return;
    setTyped(null);
    if (currentTarget.value !== entry.get()) entry.set(currentTarget.value, tools);
  };
  return (
    <Field {...{ entry, tools }} findings={all}>
      <input type="text" dir="ltr" class="code" {...common(entry, all)} value={typed ?? entry.get()} onInput={({ currentTarget }) => setTyped(currentTarget.value)} onChange={write} />
    </Field>
  );
}

function Check({ entry, findings, tools }) {
  const { say } = tools;
  const id = idOf(entry);
  return (
    <div class="entry" data-entry={entry.key}>
      <label class="check">
        <input type="checkbox" {...common(entry, findings)} checked={Boolean(entry.get())} onChange={({ currentTarget }) => entry.set(currentTarget.checked, tools)} />
        {say(`${entry.word ?? entry.key}.name`)}
      </label>
      <Help id={id} text={say(`${entry.word ?? entry.key}.help`)} />
      <Findings {...{ id, findings, say }} />
    </div>
  );
}

// While both are typed, each text remains where it was typed, whatever the file has.
export function TwoNames({ entry, findings, tools }) {
  const [typed, setTyped] = useState({});
  const whole = entry.get();
  const both = joined({ fa: "", en: "", ...typed }) === whole && "fa" in typed ? typed : halves(whole);
  const { say } = tools;
  const word = entry.word ?? entry.key;
  const Input = entry.key === "text" ? "textarea" : "input"; // a note has several lines
  const order = document.documentElement.lang === "en" ? ["en", "fa"] : ["fa", "en"];
  return order.map((language, at) => {
    const one = { ...entry, id: `${entry.id ?? entry.key}-${language}` };
    const here = at ? [] : findings;
    const write = ({ currentTarget }) => {
      const next = { ...both, [language]: currentTarget.value };
      setTyped(next);
      entry.set(joined(next), tools);
    };
    const texts = { label: say(`${word}.name-${language}`), help: say(`${word}.help-${language}`) };
    return (
      <Field key={language} entry={one} findings={here} tools={tools} {...texts}>
        <Input lang={language} dir={language === "fa" ? "rtl" : "ltr"} {...common(one, here)} value={both[language]} onInput={write} />
      </Field>
    );
  });
}

const KINDS = {
  text: Text,
  area: Area,
  number: Number_,
  code: Code,
  field: Code,
  names: Code,
  expression: Code,
  script: Script,
  select: Select,
  choice: Chosen,
  combo: Combo,
  reference: Whole,
  id: Id,
  check: Check,
  twoNames: TwoNames,
  mapping: Mapping,
  request: Request,
  outcomes: Outcomes,
};
