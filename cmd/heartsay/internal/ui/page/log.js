// The event log, newest first.
import {clock, make, put} from "./format.js";
import {markOf, most} from "./model.js";

const names = new WeakMap(); // of the members that the buttons are for

export class Log {
  #list = document.getElementById("log");
  #newest = null; // the newest line that is shown

  // onName(name) is called when the user asks for a member.
  constructor(onName) {
    this.#list.addEventListener("click", (e) => {
      const button = e.target.closest("button");
      if (button) onName(names.get(button));
    });
  }

  render(lines) {
    if (lines.at(-1) === this.#newest) return;
    const from = lines.indexOf(this.#newest) + 1;
    if (from === 0) this.#list.replaceChildren();
    this.#list.prepend(...lines.slice(from).reverse().map(item));
    while (this.#list.childElementCount > lines.length) this.#list.lastElementChild.remove();
    this.#newest = lines.at(-1);
    put(document.getElementById("events-note"), lines.length < most ? "newest first" : `the newest ${most}`);
  }
}

function item(line) {
  const li = make("li", line.gap ? "gap" : line.type === "reset" ? "start" : "");
  li.dataset.type = line.type;
  const time = make("time", "", clock(line.time));
  time.dateTime = new Date(line.time).toISOString();
  const word = make("span", "word");
  const mark = make("span", "mark", line.gap ? "⚠" : line.type === "reset" ? "▸" : markOf(line.type));
  mark.setAttribute("aria-hidden", "true");
  word.append(mark, line.gap ? "gap" : line.type === "reset" ? "start" : line.type);
  li.append(time, word);
  if (line.name) {
    const name = make("button", "name", line.name);
    name.type = "button";
    names.set(name, line.name);
    li.append(name);
  }
  li.append(make("span", "reason", line.reason));
  return li;
}
