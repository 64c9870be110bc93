// A text field that suggests while somebody types: names within an expression (by "word"), or whole values. The list
// opens below the field, where it covers nothing; arrows move in it, Enter selects, Escape closes.
import { useRef, useState } from "@bpmn-io/properties-panel/preact/hooks";

const WORD = /[\p{L}_][\p{L}\p{N}_]*$/u;
const MOST = 30;

// A list that closes moves what is below it: not while a mouse button is pressed, or that click would be lost.
let pressed = false;
document.addEventListener("mousedown", () => (pressed = true), { capture: true });
document.addEventListener("mouseup", () => (pressed = false), { capture: true });
const afterClick = (act) => {
  if (pressed) document.addEventListener("mouseup", () => setTimeout(act), { capture: true, once: true });
  else act();
};

export function Suggesting({ as: Tag, by, options, value, onText, lines, listLabel, ...attributes }) {
  const field = useRef();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [typed, setTyped] = useState(""); // by which the list is narrowed
  const matching = open ? found(options, typed) : [];
  const listId = `${attributes.id}-list`;
  const shut = () => {
    setOpen(false);
    setActive(-1);
  };
  const suggest = (text, always = false) => {
    setTyped(text);
    setActive(-1);
    setOpen(always || text !== "");
  };
  const take = (option) => {
    const input = field.current;
    const end = by === "word" ? input.selectionStart : input.value.length;
    const start = by === "word" ? end - wordBefore(input).length : 0;
    input.setRangeText(option.value, start, end, "end");
    shut();
    onText(input.value);
    attributes.onChange?.({ currentTarget: input });
    input.focus();
  };
  const keys = {
    ArrowDown: () => (matching.length ? setActive((active + 1) % matching.length) : by === "whole" && (suggest("", true), true)),
    ArrowUp: () => matching.length && setActive((active <= 0 ? matching.length : active) - 1),
    Enter: () => (active >= 0 && matching[active] ? (take(matching[active]), true) : lines === 1 && Tag === "textarea"),
    Escape: () => open && matching.length && (shut(), true),
    " ": (event) => event.ctrlKey && (suggest(by === "word" ? wordBefore(field.current) : "", true), true),
  };
  return (
    <div class="suggesting">
      <Tag
        {...attributes}
        ref={field}
        value={value}
        {...(Tag === "textarea" ? { rows: lines } : { type: "text", role: "combobox", "aria-expanded": matching.length > 0 })}
        aria-autocomplete="list"
        aria-controls={matching.length ? listId : undefined}
        aria-activedescendant={active >= 0 && matching[active] ? `${listId}-${active}` : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          onText(currentTarget.value);
          suggest(by === "word" ? wordBefore(currentTarget) : currentTarget.value);
        }}
        onClick={() => by === "whole" && suggest("", true)}
        onKeyDown={(event) => {
          const done = keys[event.key]?.(event);
          if (done === false || done === 0 || keys[event.key] === undefined) return;
          event.preventDefault();
          if (event.key === "Escape") event.stopPropagation();
        }}
        onBlur={() => afterClick(shut)}
      />
      {matching.length > 0 && (
        <ul class="suggestions" role="listbox" id={listId} aria-label={listLabel}>
          {matching.map((option, at) => (
            <li
              key={option.value}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === active}
              onPointerDown={(event) => event.preventDefault() /* the field keeps the focus */}
              onClick={() => take(option)}
            >
              <Choice {...option} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

// A name of a case's data, or a value, with what it is called and where it comes from.
export function Choice({ value, label, hint }) {
  return (
    <>
      <bdi class="code">{value}</bdi>
      {label && label !== value && <bdi>{label}</bdi>}
      {hint && <small><bdi>{hint}</bdi></small>}
    </>
  );
}

function wordBefore({ value, selectionStart }) {
  return value.slice(0, selectionStart).match(WORD)?.[0] ?? "";
}

function found(options, typed) {
  const sought = typed.toLowerCase();
  const begins = (option) => option.value.toLowerCase().startsWith(sought);
  const holds = (option) => !begins(option) && `${option.value} ${option.label ?? ""}`.toLowerCase().includes(sought);
  const all = sought ? [...options.filter(begins), ...options.filter(holds)] : options;
  return all.length === 1 && all[0].value === typed ? [] : all.slice(0, MOST);
}
